/** What is seen of the process at a look. */
export interface Look {
  /** Of the time since the last look, the part in which it did something. */
  readonly busy: number
  readonly residentBytes: number
  /** What V8 has in use, with what it has not found to be garbage yet. */
  readonly heapBytes: number
}

/** Who does less than this rests: a platform without requests renews leases and watches. */
const restBusyMax = 0.1
/** Looks in a row at rest: by then what was kept for watchers that come back is forgotten too. */
const restLooks = 5
/** What is worth a collection. */
const grownBytesMin = 16 * 1024 * 1024
/** A collection stops the process for some milliseconds per mebibyte: of more than this, for longer than a request should wait. */
const heapBytesMax = 192 * 1024 * 1024

/**
 * When a process that was busy is to give memory back: a thousand Services that are made leave four times what they need, in
 * pages half empty. A rule without a clock.
 */
export class RestRule {
  /** The least that it has had since it was last settled: the kernel takes pages of files back by itself. */
  #settledBytes: number | undefined
  #restful = 0

  /** Whether it was settled since its start, which is worth it whatever its size. */
  get everSettled(): boolean {
    return this.#settledBytes !== undefined
  }

  /** Whether to settle now. */
  look({ busy, residentBytes, heapBytes }: Look): boolean {
    this.#restful = busy < restBusyMax ? this.#restful + 1 : 0
    if (this.#settledBytes === undefined) return this.#restful >= restLooks
    this.#settledBytes = Math.min(this.#settledBytes, residentBytes)
    const grownBytes = residentBytes - this.#settledBytes
    return this.#restful >= restLooks && grownBytes >= grownBytesMin && heapBytes <= heapBytesMax
  }

  /** It has, and this is what is left: what has grown for good is no reason to try again. */
  settled(residentBytes: number): void {
    this.#settledBytes = residentBytes
  }
}
