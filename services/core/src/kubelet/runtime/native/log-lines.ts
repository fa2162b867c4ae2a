/** Beyond this a line is cut in parts, as CRI does. */
const lineBytesMax = 16_384
const newline = 0x0a
const end = Buffer.from("\n")

/** What a container says on one stream, as lines of a CRI log (log/log-line.ts). Holds the line that has not ended yet. */
export class LogLines {
  readonly #stream: "stdout" | "stderr"
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: "stdout" | "stderr") {
    this.#stream = stream
  }

  /** Bytes of a line that has not ended yet. */
  get pending(): number {
    return this.#rest.length
  }

  /** Lines that have ended with this chunk, and parts of one that is too long. */
  take(chunk: Buffer, nowMs: number): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: Buffer[] = []
    const [full, partial] = [this.#head(nowMs, "F"), this.#head(nowMs, "P")]
    let from = 0
    for (;;) {
      const at = bytes.indexOf(newline, from)
      const until = at === -1 ? bytes.length : at
      while (until - from > lineBytesMax) {
        lines.push(partial, bytes.subarray(from, from + lineBytesMax), end)
        from += lineBytesMax
      }
      if (at === -1) break
      lines.push(full, bytes.subarray(from, at), end)
      from = at + 1
    }
    this.#rest = Buffer.from(bytes.subarray(from))
    return lines
  }

  /** The stream has ended: what is left is part of a line that has no end. */
  finish(nowMs: number): Buffer[] {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest.length === 0 ? [] : [this.#head(nowMs, "P"), rest, end]
  }

  #head(nowMs: number, tag: "F" | "P"): Buffer {
    const time = new Date(nowMs).toISOString().replace("Z", "000000Z")
    return Buffer.from(`${time} ${this.#stream} ${tag} `)
  }
}
