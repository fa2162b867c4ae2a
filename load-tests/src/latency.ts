import { createHistogram, type RecordableHistogram } from "node:perf_hooks"

/** Latencies in microseconds with three significant digits, and the figures that reports quote in milliseconds. */
export class Latency {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 })

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1_000)))
  }

  get count(): number {
    return this.#histogram.count
  }

  summary(): LatencySummary {
    const at = (percentile: number): number => round(this.#histogram.percentile(percentile) / 1_000)
    if (this.count === 0) return { count: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 }
    return {
      count: this.count,
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      max: round(this.#histogram.max / 1_000),
    }
  }
}

/** Milliseconds. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

const round = (ms: number): number => Math.round(ms * 100) / 100
