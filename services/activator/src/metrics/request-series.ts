import { type Distribution, HistogramCell, latencyBuckets, sumOf } from "@wick/sdk/metrics"

/** Bytes: nothing, a word, a page, a picture, a film. */
const sizeBuckets: readonly number[] = [0, 128, 1024, 8192, 65_536, 524_288, 4_194_304, 33_554_432, 268_435_456]

/** Label sets of one revision: methods × statuses × versions × tags. What comes beyond is counted together. */
export const seriesPerRevisionMax = 64
/** Of all revisions together: about 1.3 KB each. A revision that comes later has one for everything. */
const seriesMax = 5_000

/** What a request is measured by when it is over. */
export interface Measured {
  readonly method: string
  /** 1 or 2, as the client spoke it. */
  readonly version: number
  /** The route's tag that it came by; mostly none. */
  readonly tag: string
  readonly requestBytes: number
  readonly answerBytes: number
}

/** Of all revisions of one process. */
export class RequestMeasuring {
  /** Whether the operators want these figures; while they do not, nothing is counted or kept. */
  isOn = false
  #series = 0

  take(): boolean {
    if (this.#series >= seriesMax) return false
    this.#series++
    return true
  }

  give(series: number): void {
    this.#series -= series
  }
}

/** Requests that agree in all labels. */
export class Series {
  readonly method: string
  /** 0: the client left before there was an answer. */
  readonly status: number
  readonly version: number
  readonly tag: string
  /** Beyond the limit: stands for requests of any labels. */
  readonly isOverflow: boolean
  readonly whole = new HistogramCell(latencyBuckets)
  /** In a pod; what never got to one is not in it. */
  readonly inPod = new HistogramCell(latencyBuckets)
  readonly requestBytes = new HistogramCell(sizeBuckets)
  readonly answerBytes = new HistogramCell(sizeBuckets)

  constructor({ method, version, tag }: Measured, status: number, isOverflow = false) {
    this.method = method
    this.status = status
    this.version = version
    this.tag = tag
    this.isOverflow = isOverflow
  }
}

/** The requests of one revision by label set. Most requests are like the one before: they find theirs without a look-up. */
export class RequestSeries {
  readonly #measuring: RequestMeasuring
  #all: Map<string, Series> | undefined
  #last: Series | undefined
  #overflow: Series | undefined

  constructor(measuring: RequestMeasuring) {
    this.#measuring = measuring
  }

  observe(request: Measured, status: number, wholeMs: number, inPodMs: number): void {
    const last = this.#last
    const isLast =
      last !== undefined &&
      last.status === status &&
      last.method === request.method &&
      last.version === request.version &&
      last.tag === request.tag
    const series = isLast ? last : this.#find(request, status)
    series.whole.observe(wholeMs / 1000)
    if (inPodMs >= 0) series.inPod.observe(inPodMs / 1000)
    series.requestBytes.observe(request.requestBytes)
    series.answerBytes.observe(request.answerBytes)
  }

  get all(): Series[] {
    return [...(this.#all?.values() ?? []), ...(this.#overflow ? [this.#overflow] : [])]
  }

  /** Time in pods by status; the series beyond the limit are under no status. */
  byStatus(): Map<number | undefined, Distribution> {
    const parts = Map.groupBy(this.all, ({ status, isOverflow }) => (isOverflow ? undefined : status))
    return new Map(
      [...parts].map(([status, all]) => [status, sumOf(all.map(({ inPod }) => inPod.read())) as Distribution]),
    )
  }

  clear(): void {
    this.#measuring.give(this.#all?.size ?? 0)
    this.#all = undefined
    this.#last = undefined
    this.#overflow = undefined
  }

  #find(request: Measured, status: number): Series {
    const key = `${status} ${request.version} ${request.method} ${request.tag}`
    this.#all ??= new Map()
    let series = this.#all.get(key)
    if (series === undefined) {
      if (this.#all.size >= seriesPerRevisionMax || !this.#measuring.take()) {
        this.#overflow ??= new Series(request, status, true)
        return this.#overflow
      }
      series = new Series(request, status)
      this.#all.set(key, series)
    }
    this.#last = series
    return series
  }
}
