/** The bytes are not what a writer of ours wrote. */
export class MalformedError extends Error {
  override name = "MalformedError"
}

/** Reads what `ByteWriter` wrote; never reads beyond the end and never trusts a length. */
export class ByteReader {
  readonly #buffer: Buffer
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = at
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#buffer.length - this.#at
  }

  byte(): number {
    const value = this.#buffer[this.#at++]
    if (value === undefined) throw new MalformedError(`ends early, at byte ${this.#at - 1}`)
    return value
  }

  number(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value)) throw new MalformedError(`number too large before byte ${this.#at}`)
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }

  key(): string {
    const start = this.skip(this.number())
    return this.#buffer.toString("latin1", start, this.#at)
  }

  /** A view, not a copy: it lives as long as the bytes that are read. */
  bytes(): Uint8Array {
    const start = this.skip(this.number())
    return this.#buffer.subarray(start, this.#at)
  }

  rest(): Uint8Array {
    const start = this.skip(this.#buffer.length - this.#at)
    return this.#buffer.subarray(start)
  }

  end(): void {
    if (this.#at !== this.#buffer.length) throw new MalformedError(`${this.#buffer.length - this.#at} bytes too many`)
  }

  /** Returns where what is left out begins. */
  skip(length: number): number {
    const start = this.#at
    if (length > this.#buffer.length - start) throw new MalformedError(`length ${length} goes beyond the end`)
    this.#at = start + length
    return start
  }
}
