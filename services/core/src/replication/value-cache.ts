import { must } from "@wick/sdk/assert"
import type { Version } from "#store"

/** Bytes that it holds at most: what some ten thousand keys of usual size have, which are read again and again. */
const usualSizeMax = 8 * 1024 * 1024
/** What a value costs besides its bytes. */
const overhead = 100

/**
 * Values that were lately read by their keys. Each hangs on its version, which never has another, so to find one is to
 * look at a field; this knows only which of them goes first.
 */
export class ValueCache {
  readonly #sizeMax: number
  #queue: Version[] = []
  /** Those before it have gone. */
  #first = 0
  #size = 0

  constructor(sizeMax = usualSizeMax) {
    this.#sizeMax = sizeMax
  }

  /** The version has none yet. */
  add(version: Version, value: Uint8Array): void {
    version.cached = value
    this.#queue.push(version)
    this.#size += value.length + overhead
    while (this.#size > this.#sizeMax) this.#forgetFirst()
  }

  #forgetFirst(): void {
    const version = must(this.#queue[this.#first], "what is counted is in the queue")
    this.#first++
    this.#size -= must(version.cached, "what is in the queue has its value").length + overhead
    version.cached = undefined
    if (this.#first * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#first)
    this.#first = 0
  }
}
