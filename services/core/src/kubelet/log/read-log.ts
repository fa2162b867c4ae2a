import { watch } from "node:fs"
import { type FileHandle, open, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { type LogQuery, parseLogLine, shownLine } from "./log-line.ts"

const blockBytes = 64 * 1024
const newline = 0x0a

/**
 * The bytes of a container's log, as asked for. With `follow` it goes on until the container has ended (`ended`
 * resolves) and its log is read to the end, or the reader leaves; new lines are told by the file system, not looked for.
 */
export async function* readLog(path: string, query: LogQuery, ended: Promise<void>, signal: AbortSignal) {
  const file = await open(path)
  let budget = query.limitBytes ?? Number.POSITIVE_INFINITY
  const reader = new LineReader(path, file)
  try {
    await reader.seek(query.tailLines === undefined ? 0 : await tailOffset(file, query.tailLines))
    const alarm = query.follow ? new Alarm(path, ended, signal) : undefined
    try {
      for (;;) {
        for await (const line of reader.lines()) {
          const parsed = parseLogLine(line)
          const shown = parsed && shownLine(parsed, query)
          if (!shown) continue
          yield shown.length > budget ? shown.subarray(0, budget) : shown
          budget -= shown.length
          if (budget <= 0 || signal.aborted) return
        }
        if (!alarm || signal.aborted) return
        if (await reader.followRotation()) continue
        // The alarm was set before the last read, so nothing that came since is missed.
        if (alarm.over && !alarm.rang) return
        await alarm.wait()
      }
    } finally {
      alarm?.close()
    }
  } finally {
    await reader.close()
  }
}

/** Rings when the log's directory changes or the container ends. */
class Alarm {
  over = false
  rang = false
  readonly #watcher
  #wake: () => void = () => {}

  constructor(path: string, ended: Promise<void>, signal: AbortSignal) {
    this.#watcher = watch(dirname(path), () => this.#ring())
    this.#watcher.on("error", () => this.#end())
    signal.addEventListener("abort", () => this.#end(), { once: true })
    ended.then(
      () => this.#end(),
      () => this.#end(),
    )
  }

  async wait(): Promise<void> {
    if (!this.rang && !this.over) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.rang = false
  }

  close(): void {
    this.#watcher.close()
  }

  #end(): void {
    this.over = true
    this.#ring()
  }

  #ring(): void {
    this.rang = true
    this.#wake()
  }
}

class LineReader {
  readonly #path: string
  #file: FileHandle
  #offset = 0
  #rest = Buffer.alloc(0)

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  async seek(offset: number): Promise<void> {
    this.#offset = offset
  }

  /** Whole lines up to the end of the file as it is now; the beginning of one more is kept for the next time. */
  async *lines(): AsyncGenerator<Buffer> {
    for (;;) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(blockBytes), 0, blockBytes, this.#offset)
      if (bytesRead === 0) return
      this.#offset += bytesRead
      let bytes = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline)) {
        yield bytes.subarray(0, end)
        bytes = bytes.subarray(end + 1)
      }
      this.#rest = bytes
    }
  }

  /** After a rotation the name leads to a new file: goes on there. */
  async followRotation(): Promise<boolean> {
    const [held, named] = await Promise.all([this.#file.stat(), stat(this.#path).catch(() => undefined)])
    if (!named || named.ino === held.ino) return false
    const next = await open(this.#path).catch(() => undefined)
    if (!next) return false
    await this.#file.close()
    this.#file = next
    this.#offset = 0
    this.#rest = Buffer.alloc(0)
    return true
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Where the last `count` lines begin: found from the end, so that a long log costs no more than a short one. */
async function tailOffset(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat()
  if (count === 0) return size
  let missing = count + 1
  let position = size
  while (position > 0) {
    const length = Math.min(blockBytes, position)
    position -= length
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, position)
    for (let index = length - 1; index >= 0; index -= 1) {
      // The newline at the very end closes the last line, it does not begin another.
      if (buffer[index] !== newline) continue
      missing -= 1
      if (missing === 0) return position + index + 1
    }
  }
  return 0
}
