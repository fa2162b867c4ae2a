const nothing = Buffer.alloc(0)
const bytesMin = 256
/** More than this is written into a chunk that is used again: what is made anew for each write keeps the collector busy. */
const ownBytesMax = 8 * 1024
/** What one write takes, when there is much to write. */
export const chunkBytes = 128 * 1024
/** Chunks that are kept for whoever has much to write next, of all connections together: 1 MiB. */
const freeMax = 8

const free: Buffer[] = []

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

  /** Gives all of it to `write`, which says by its callback when it needs it no more. */
  leave<T>(write: (bytes: Buffer, written: (error?: Error | null) => void) => T): T {
    const { bytes, size } = this
    this.#usual = Math.max(Math.min(size, ownBytesMax), bytesMin)
    this.bytes = nothing
    this.size = 0
    return write(bytes.subarray(0, size), (error) => {
      if (!error && bytes.length === chunkBytes && free.length < freeMax) free.push(bytes)
    })
  }

  #grow(size: number): void {
    const held = this.bytes
    this.bytes = roomFor(size, held.length === 0 ? this.#usual : 2 * held.length)
    held.copy(this.bytes)
  }
}

function roomFor(size: number, usual: number): Buffer {
  if (size > chunkBytes) return Buffer.allocUnsafe(2 * size)
  if (size > ownBytesMax) return free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
  return Buffer.allocUnsafe(Math.max(size, Math.min(usual, ownBytesMax)))
}
