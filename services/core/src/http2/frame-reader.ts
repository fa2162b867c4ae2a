import { ConnectionError, errorCode } from "./error-code.ts"
import { frameBytesUsual, frameHeadBytes, preface, readUint31 } from "./frame.ts"

/** Who is given each frame: its payload is in `bytes` from `start` to `end`, and good until the call returns or, kept, for ever. */
export interface FrameSink {
  /** Says that no more is wanted. */
  readonly isOver: boolean
  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void
}

/**
 * Cuts what a client sends into frames, after the preface. Whole frames are given as they lie in what came; one that comes in
 * pieces is put together in a buffer of its size, so that no byte is copied twice however small the pieces are.
 */
export class FrameReader {
  readonly #sink: FrameSink
  #prefaceLeft = preface.length
  /** The frame that has begun, if one has; only its head's nine bytes until these are there. */
  #partial: Buffer | undefined
  #have = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Throws ConnectionError for what is not HTTP/2. */
  push(chunk: Buffer): void {
    let at = this.#prefaceLeft > 0 ? this.#preface(chunk) : 0
    if (this.#partial !== undefined) at = this.#continue(chunk, at)
    while (chunk.length - at >= frameHeadBytes && !this.#sink.isOver) {
      const end = at + frameHeadBytes + lengthOf(chunk, at)
      if (end > chunk.length) break
      this.#give(chunk, at, end)
      at = end
    }
    if (at < chunk.length && this.#partial === undefined && !this.#sink.isOver) this.#begin(chunk, at)
  }

  /** Where the frames begin. */
  #preface(chunk: Buffer): number {
    const from = preface.length - this.#prefaceLeft
    const length = Math.min(this.#prefaceLeft, chunk.length)
    if (preface.compare(chunk, 0, length, from, from + length) !== 0) {
      throw new ConnectionError(errorCode.protocolError, "what came first is not HTTP/2's preface")
    }
    this.#prefaceLeft -= length
    return length
  }

  #begin(chunk: Buffer, at: number): void {
    const have = chunk.length - at
    const bytes = have < frameHeadBytes ? frameHeadBytes : frameHeadBytes + lengthOf(chunk, at)
    this.#partial = Buffer.allocUnsafe(bytes)
    this.#have = chunk.copy(this.#partial, 0, at)
  }

  /** Fills the frame that has begun; where the next begins. */
  #continue(chunk: Buffer, start: number): number {
    let at = start
    for (let partial = this.#partial; partial !== undefined && at < chunk.length; partial = this.#partial) {
      const copied = chunk.copy(partial, this.#have, at)
      at += copied
      this.#have += copied
      if (this.#have < partial.length) return at
      const length = lengthOf(partial, 0)
      if (partial.length === frameHeadBytes && length > 0) {
        this.#partial = Buffer.allocUnsafe(frameHeadBytes + length)
        partial.copy(this.#partial)
        continue
      }
      this.#partial = undefined
      this.#give(partial, 0, partial.length)
    }
    return at
  }

  #give(bytes: Buffer, at: number, end: number): void {
    const [type, flags] = [bytes[at + 3] as number, bytes[at + 4] as number]
    this.#sink.frame(type, flags, readUint31(bytes, at + 5), bytes, at + frameHeadBytes, end)
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  if (length > frameBytesUsual) {
    throw new ConnectionError(errorCode.frameSizeError, `a frame has ${length} bytes, ${frameBytesUsual} are allowed`)
  }
  return length
}
