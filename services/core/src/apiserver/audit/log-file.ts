import { hash } from "node:crypto"
import { appendFile, chmod, open, rename, truncate } from "node:fs/promises"
import { join } from "node:path"
import type { Log } from "@wick/sdk/log"
import { makeSecretDirectory } from "#pki"
import { eventText } from "./event-text.ts"

export interface LogFileOptions {
  /** `audit.log` is kept in here, and the files before it as `audit.log.1` (the youngest) and on. */
  readonly directory: string
  readonly log: Log
  readonly fileBytesMax?: number
  /** Told of events that were not written. */
  readonly onLost?: (events: number) => void
}

const fileName = "audit.log"
const fileBytesMax = 10 * 1024 * 1024
const filesMax = 5
/** Events that may wait for the disk, and bytes of them; later ones are lost, and counted: no request waits for a disk. */
const waitingMax = 10_000
const waitingBytesMax = 16 * 1024 * 1024
/** For how long events gather before they are written together. */
const gatherMs = 10
/** More than the longest line can be that a start reads back. */
const lastLineBytesMax = 8 * 1024 * 1024
/** What the first line of all has before it. */
const noLine = "0".repeat(64)

export interface AuditLogFile extends AsyncDisposable {
  /** Takes an event and returns at once; nobody waits for the disk. */
  write(event: object): void
  /** Events that were not written, since the start. */
  readonly lost: number
}

/** Events as JSON lines, each with the hash of the line before as its last field, in files of limited size and number. */
export async function openAuditLogFile(options: LogFileOptions): Promise<AuditLogFile> {
  const path = join(options.directory, fileName)
  await makeSecretDirectory(options.directory)
  const { size, lastLine } = await readEnd(path)
  // A crash may come between a new file and its first line: the chain goes on from the file before.
  const before = lastLine ?? (await readEnd(`${path}.1`, "r+").catch(absent))?.lastLine
  return new ChainedFile(options, path, size, before === undefined ? noLine : hashOf(before))
}

class ChainedFile implements AuditLogFile {
  lost = 0
  readonly #options: LogFileOptions
  readonly #path: string
  #size: number
  #previous: string
  #waiting: string[] = []
  #waitingBytes = 0
  #isFull = false
  #writing: Promise<void> | undefined

  constructor(options: LogFileOptions, path: string, size: number, previous: string) {
    this.#options = options
    this.#path = path
    this.#size = size
    this.#previous = previous
  }

  write(event: object): void {
    const text = eventText(event)
    if (text === undefined) {
      this.#lose(1, "the event is too large")
      return
    }
    if (this.#waiting.length >= waitingMax || this.#waitingBytes + text.length > waitingBytesMax) {
      // Said once each time that the disk falls behind.
      this.#lose(1, this.#isFull ? undefined : "too many events wait for the disk")
      this.#isFull = true
      return
    }
    this.#waiting.push(text)
    this.#waitingBytes += text.length
    this.#writing ??= this.#drain()
  }

  #lose(events: number, because: string | undefined, error?: unknown): void {
    this.lost += events
    this.#options.onLost?.(events)
    if (because === undefined) return
    this.#options.log.error("audit events lost", { path: this.#path, because, events, lost: this.lost, error })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // To hand something to the disk costs as much as to write down some events: what comes soon after one goes with it.
      await new Promise((resolve) => setTimeout(resolve, gatherMs))
      const texts = this.#waiting
      this.#waiting = []
      await this.#writeBatch(texts)
      this.#waitingBytes = this.#waiting.reduce((sum, { length }) => sum + length, 0)
      this.#isFull = false
    }
    this.#writing = undefined
  }

  async #writeBatch(texts: readonly string[]): Promise<void> {
    let previous = this.#previous
    const lines = texts.map((text) => {
      // The last field of the event's own object.
      const line = `${text.slice(0, -1)},"previous":"${previous}"}`
      previous = hashOf(line)
      return line
    })
    const bytes = Buffer.from(`${lines.join("\n")}\n`)
    try {
      if (this.#size > 0 && this.#size + bytes.length > (this.#options.fileBytesMax ?? fileBytesMax))
        await this.#rotate()
      await appendFile(this.#path, bytes, { mode: 0o600 })
      this.#size += bytes.length
      this.#previous = previous
    } catch (error) {
      this.#lose(texts.length, "they could not be written", error)
      // Part of a line may have been written: the chain goes on from the last whole one.
      await truncate(this.#path, this.#size).catch(() => undefined)
    }
  }

  async #rotate(): Promise<void> {
    for (let age = filesMax - 2; age >= 0; age -= 1) {
      const from = age === 0 ? this.#path : `${this.#path}.${age}`
      await rename(from, `${this.#path}.${age + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error
      })
    }
    this.#size = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
  }
}

/** The size of what is there, and its last line; what a crash has left of a torn one is cut off. */
async function readEnd(path: string, mode = "a+"): Promise<{ size: number; lastLine: string | undefined }> {
  const file = await open(path, mode, 0o600)
  try {
    await chmod(path, 0o600)
    const { size } = await file.stat()
    const start = Math.max(0, size - lastLineBytesMax)
    const { buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const whole = buffer.lastIndexOf(0x0a) + 1
    if (whole < buffer.length) await file.truncate(start + whole)
    const lines = buffer.toString("utf8", 0, whole).split("\n")
    return { size: start + whole, lastLine: lines.at(-2) }
  } finally {
    await file.close()
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error
}

function hashOf(line: string): string {
  return hash("sha256", line, "hex")
}
