import type { Writable } from "node:stream"

/** Lines that a slow reader may leave waiting; beyond, they are counted and dropped: requests do not wait for their log. */
const waitingBytesMax = 16 * 1024 * 1024

/** Writes lines, those of one turn of the event loop together. */
export class LineWriter {
  readonly #out: Writable
  #lines: string[] = []
  #dropped = 0

  constructor(out: Writable) {
    this.#out = out
  }

  readonly write = (line: string): void => {
    this.#lines.push(line)
    if (this.#lines.length === 1) setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    const lines = this.#lines
    this.#lines = []
    if (this.#out.writableLength > waitingBytesMax) {
      this.#dropped += lines.length
      return
    }
    if (this.#dropped > 0)
      lines.push(JSON.stringify({ level: "warn", message: "request log lines were dropped", lines: this.#dropped }))
    this.#dropped = 0
    this.#out.write(`${lines.join("\n")}\n`)
  }
}
