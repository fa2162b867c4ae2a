import { MalformedError } from "#store"
import { readChunk } from "./snapshot-frames.ts"

/**
 * What arrives of a state, handed on piece by piece to whom it is for: nothing of it is set aside here. Each piece is
 * checked, and the next one of the connection waits until this one is taken, which bounds what a transfer costs in memory.
 */
export class ArrivingState implements AsyncIterableIterator<Uint8Array, undefined> {
  #size = 0
  /** Pieces that were checked, of which nobody has asked for the first; one at most, as each waits to be taken. */
  #waiting: { readonly bytes: Uint8Array; readonly taken: () => void } | undefined
  #asked: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined
  #end: "open" | "whole" | "not wanted" | Error = "open"

  /** All before it is here and was handed on. */
  get size(): number {
    return this.#size
  }

  /** Resolves when the piece was taken, or nobody wants any. Throws MalformedError when it is not the next one, whole. */
  async append(chunk: Buffer): Promise<void> {
    const { offset, bytes } = readChunk(chunk)
    if (offset !== this.#size)
      throw new MalformedError(`piece at ${offset} of a snapshot that is here up to ${this.#size}`)
    if (this.#end === "open") await this.#hand(bytes)
    this.#size += bytes.length
  }

  /** Nothing more comes. */
  whole(): void {
    this.#finish("whole")
  }

  /** The rest does not come. */
  fail(error: Error): void {
    this.#finish(error)
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting.taken()
      return { done: false, value: waiting.bytes }
    }
    if (this.#end instanceof Error) throw this.#end
    if (this.#end !== "open") return { done: true, value: undefined }
    this.#asked = Promise.withResolvers()
    return this.#asked.promise
  }

  /** Whoever reads wants no more: what still comes is let go. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#finish("not wanted")
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #hand(bytes: Uint8Array): Promise<void> | undefined {
    const asked = this.#asked
    if (asked !== undefined) {
      this.#asked = undefined
      asked.resolve({ done: false, value: bytes })
      return undefined
    }
    return new Promise((taken) => {
      this.#waiting = { bytes, taken }
    })
  }

  #finish(end: "whole" | "not wanted" | Error): void {
    if (this.#end !== "open") return
    this.#end = end
    this.#waiting?.taken()
    if (end !== "whole") this.#waiting = undefined
    const asked = this.#asked
    this.#asked = undefined
    if (end instanceof Error) asked?.reject(end)
    else asked?.resolve({ done: true, value: undefined })
  }
}
