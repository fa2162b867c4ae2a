/** A stretch of time with an average load and a number of requests. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly concurrency: number
  readonly requests: number
}

/**
 * Load over a span of time in buckets. A bucket holds the area under the concurrency (requests × milliseconds), so
 * stretches of any length from any number of activators add up exactly: two activators with 3 each through a second
 * make 6, and so does one with 12 through half of it.
 *
 *     bucket   0     1     2     3
 *     area  [6000][6000][3000][   0]   average over 4 s = 15000 / 4000 = 3.75
 */
export class LoadWindow {
  readonly spanMs: number
  readonly #bucketMs: number
  readonly #buckets: number
  /** Of each bucket; nothing is kept of a window without load, as those of all revisions at zero are. */
  #areas = noLoad
  #requests = noLoad
  /** Number of the newest bucket, counted from time 0. */
  #newest = 0
  /** When the load that is looked at began: what lies before was empty for longer than the span. */
  #firstMs = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** `lateMs`: how long after a moment the averages of the span before it may still be asked for. */
  constructor(spanMs: number, bucketMs: number, lateMs = 0) {
    this.#bucketMs = bucketMs
    this.spanMs = spanMs
    this.#buckets = Math.ceil((spanMs + lateMs) / bucketMs) + 1
  }

  /** Whether it takes no memory for buckets. */
  get isAtRest(): boolean {
    return this.#areas === noLoad
  }

  add({ fromMs, toMs, concurrency, requests }: Stretch): void {
    if (concurrency <= 0 && requests <= 0) return
    if (fromMs - this.#lastMs > this.spanMs) this.#firstMs = fromMs
    // What another tells of a time before that is load of that time all the same.
    else this.#firstMs = Math.min(this.#firstMs, fromMs)
    this.#lastMs = Math.max(this.#lastMs, toMs)
    this.#turnTo(toMs)
    if (this.isAtRest) {
      this.#areas = new Float64Array(this.#buckets)
      this.#requests = new Float64Array(this.#buckets)
    }
    const length = toMs - fromMs
    const oldest = (this.#newest - this.#buckets + 1) * this.#bucketMs
    for (let start = Math.max(fromMs, oldest); start < toMs; ) {
      const bucket = Math.floor(start / this.#bucketMs)
      const end = Math.min((bucket + 1) * this.#bucketMs, toMs)
      const at = bucket % this.#buckets
      this.#areas[at] = (this.#areas[at] ?? 0) + concurrency * (end - start)
      this.#requests[at] = (this.#requests[at] ?? 0) + (requests * (end - start)) / length
      start = end
    }
  }

  /** Nothing was seen within the span. */
  isEmpty(nowMs: number): boolean {
    return nowMs - this.#lastMs > this.spanMs
  }

  /** Average concurrency, or requests per second, over the last `windowMs`; over less when the load is younger. */
  average(nowMs: number, windowMs: number, metric: "concurrency" | "rps"): number {
    this.#turnTo(nowMs)
    const { fromMs, toMs } = this.#known(nowMs, windowMs)
    const elapsed = toMs - fromMs
    if (metric === "concurrency") return elapsed <= 0 ? 0 : this.#sum(this.#areas, fromMs, toMs) / elapsed
    // How many came in a few milliseconds says nothing of how many come in a second: after a pause of the client, or of
    // whoever takes them, they come all at once. So a rate is of a whole bucket at least.
    const from = elapsed < this.#bucketMs ? Math.max(Math.min(fromMs, toMs) - this.#bucketMs, this.#firstMs) : fromMs
    return (this.#sum(this.#requests, from, toMs) * 1000) / Math.max(toMs - from, this.#bucketMs)
  }

  /**
   * The part of the window that all have told of. Of later times some have already; what they told of the bucket in which
   * `nowMs` lies cannot be taken apart, so the last whole one before it is the newest then.
   */
  #known(nowMs: number, windowMs: number): { fromMs: number; toMs: number } {
    if (this.#lastMs <= nowMs) return { fromMs: this.#startOf(nowMs, windowMs), toMs: nowMs }
    const whole = Math.floor(nowMs / this.#bucketMs) * this.#bucketMs
    if (whole <= this.#firstMs) return { fromMs: this.#firstMs, toMs: this.#lastMs }
    const fromMs = Math.min(this.#startOf(whole, windowMs), whole - this.#bucketMs)
    return { fromMs: Math.max(fromMs, this.#firstMs), toMs: whole }
  }

  #sum(values: Float64Array, fromMs: number, toMs: number): number {
    let sum = 0
    const newest = Math.min(this.#newest, Math.ceil(toMs / this.#bucketMs) - 1)
    for (let bucket = newest; bucket >= 0 && (bucket + 1) * this.#bucketMs > fromMs; bucket--) {
      if (this.#newest - bucket >= values.length) break
      sum += values[bucket % this.#buckets] ?? 0
    }
    return sum
  }

  /** The newest seconds weigh most, each older bucket less by the same factor, the oldest next to nothing. */
  weightedAverage(nowMs: number, windowMs: number, metric: "concurrency" | "rps"): number {
    this.#turnTo(nowMs)
    const values = metric === "rps" ? this.#requests : this.#areas
    const buckets = Math.max(1, Math.round(windowMs / this.#bucketMs))
    const smoothing = 1 - oldestWeight ** (1 / buckets)
    const newest = this.#lastMs <= nowMs ? this.#newest : Math.floor(nowMs / this.#bucketMs) - 1
    let weight = smoothing
    let sum = 0
    for (let back = 0; back < buckets && this.#newest - newest + back < values.length; back++) {
      const bucket = newest - back
      // The newest bucket is still filling: it speaks for the part of it that has passed.
      const length = Math.min(this.#bucketMs, nowMs - Math.max(bucket * this.#bucketMs, this.#firstMs))
      if (length <= 0) continue
      const value = values[bucket % this.#buckets] ?? 0
      sum += (metric === "rps" ? value * 1000 : value) * (weight / length)
      weight *= 1 - smoothing
    }
    return sum
  }

  /** Whole buckets only: the first one counts from its start. */
  #startOf(nowMs: number, windowMs: number): number {
    const aligned = Math.floor((nowMs - windowMs) / this.#bucketMs + 1) * this.#bucketMs
    return Math.max(aligned, this.#firstMs)
  }

  #turnTo(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#bucketMs)
    if (this.isEmpty(nowMs)) {
      this.#areas = noLoad
      this.#requests = noLoad
    }
    const passed = this.isAtRest ? 0 : Math.min(newest - this.#newest, this.#buckets)
    for (let back = 0; back < passed; back++) {
      const at = (newest - back) % this.#buckets
      this.#areas[at] = 0
      this.#requests[at] = 0
    }
    this.#newest = Math.max(this.#newest, newest)
  }
}

/** Of all windows at rest: never written to. */
const noLoad = new Float64Array(0)

const oldestWeight = 0.0001

/** The largest of the values of the last `spanMs`: what scale-down-delay lets fall only after a while. */
export class MaximumWindow {
  readonly #spanMs: number
  /** Falling values, oldest first: a value is dropped as soon as a later one is as large. */
  #values: { atMs: number; value: number }[] = []

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  get spanMs(): number {
    return this.#spanMs
  }

  record(nowMs: number, value: number): number {
    this.#values = this.#values.filter((known) => known.atMs > nowMs - this.#spanMs && known.value > value)
    this.#values.push({ atMs: nowMs, value })
    return this.#values[0]?.value ?? value
  }

  /** When the largest value will have fallen out, if that is not the last one recorded. */
  nextChangeMs(): number | undefined {
    const first = this.#values[0]
    return this.#values.length > 1 && first !== undefined ? first.atMs + this.#spanMs : undefined
  }
}
