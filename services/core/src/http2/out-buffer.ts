const nothing = Buffer.alloc(0)
const bytesMin = 256

/** What leaves in the next write. It takes memory only while there is something to write. */
export class OutBuffer {
  bytes: Buffer = nothing
  size = 0
  /** What was written the last time: likely what is the next. */
  #usual = bytesMin

  /** Makes room for so many more bytes, and counts them; where they begin. */
  extend(length: number): number {
    const at = this.size
    const size = at + length
    if (size > this.bytes.length) this.#grow(size)
    this.size = size
    return at
  }

  /** All of it; from now on it belongs to whoever took it. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.size)
    this.#usual = Math.max(this.size, bytesMin)
    this.bytes = nothing
    this.size = 0
    return taken
  }

  #grow(size: number): void {
    const held = this.bytes
    this.bytes = Buffer.allocUnsafe(Math.max(size, held.length === 0 ? this.#usual : 2 * held.length))
    held.copy(this.bytes)
  }
}
