/** What has bytes in memory that can be read again. */
export interface Coolable {
  /** Of its bytes. */
  readonly size: number
  /** Whether somebody has asked for them since this was last asked. */
  wasUsed(): boolean
  /** Lets go of them. */
  cool(): void
}

/** Bytes of objects that are kept at hand, of all resources together: what is written and read now fits several times. */
const warmBytesMax = 12 * 1024 * 1024

/**
 * The bytes that are in memory: once they are too many, those that nobody has asked for lately are let go. Objects stand in a
 * row; who has been asked for since he was last at its head goes to its end.
 */
export class WarmObjects {
  readonly #bytesMax: number
  #row: Coolable[] = []
  /** What stands before this in the row is let go. */
  #head = 0
  #bytes = 0

  constructor(bytesMax = warmBytesMax) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Its bytes have just come into memory. */
  add(object: Coolable): void {
    this.#row.push(object)
    this.#bytes += object.size
    while (this.#bytes > this.#bytesMax) this.#coolOne()
    // Of a row half of which is empty a new one is made, so each object is moved once or so.
    if (this.#head > 1_000 && this.#head * 2 > this.#row.length) {
      this.#row = this.#row.slice(this.#head)
      this.#head = 0
    }
  }

  #coolOne(): void {
    const first = this.#row[this.#head] as Coolable
    this.#head++
    if (first.wasUsed()) {
      this.#row.push(first)
      return
    }
    this.#bytes -= first.size
    first.cool()
  }
}
