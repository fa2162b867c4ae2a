/** Bytes of one stream that wait to be taken, in the pieces in which they were given. */
export class SendQueue {
  #pieces: Uint8Array[] = []
  #first = 0
  /** Bytes of the first piece that are gone. */
  #gone = 0
  bytes = 0

  push(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.bytes += piece.length
  }

  /** Moves the first `length` bytes, of which there are so many, to `to`. */
  moveTo(to: Buffer, start: number, length: number): void {
    let at = start
    const end = start + length
    while (at < end) {
      const piece = this.#pieces[this.#first] as Uint8Array
      const taken = Math.min(piece.length - this.#gone, end - at)
      to.set(taken === piece.length ? piece : piece.subarray(this.#gone, this.#gone + taken), at)
      at += taken
      this.#gone += taken
      if (this.#gone === piece.length) this.#next()
    }
    this.bytes -= length
  }

  #next(): void {
    this.#first += 1
    this.#gone = 0
    if (this.#first < this.#pieces.length && this.#first < shrinkMin) return
    this.#pieces = this.#pieces.slice(this.#first)
    this.#first = 0
  }
}

/** Pieces that are gone and still held, before their places are given back. */
const shrinkMin = 64
