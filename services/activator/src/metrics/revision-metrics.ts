import { HistogramCell, latencyBuckets } from "@wick/sdk/metrics"
import { type ColdMarks, type ColdPhase, phaseLengths } from "./cold-start.ts"
import { type Measured, type RequestMeasuring, RequestSeries } from "./request-series.ts"

/** 0 stands for clients that left before their answer was complete. */
export const answerClasses = ["left", "1xx", "2xx", "3xx", "4xx", "5xx"] as const

const noPhases: ReadonlyMap<ColdPhase, HistogramCell> = new Map()

/**
 * The figures of one revision: the path of a request adds to numbers and makes no label, no string and no object. A
 * revision that nobody calls has none of them. They end with the revision.
 */
export class RevisionMetrics {
  /** Requests by class of answer. */
  readonly answers: number[] = answerClasses.map(() => 0)
  refused = 0
  failedFast = 0
  ejections = 0
  duration: HistogramCell | undefined
  wait: HistogramCell | undefined
  /** Starts from zero: by phase, and whole. */
  #coldPhases: Map<ColdPhase, HistogramCell> | undefined
  coldWhole: HistogramCell | undefined
  readonly requests: RequestSeries
  readonly #measuring: RequestMeasuring

  constructor(measuring: RequestMeasuring) {
    this.#measuring = measuring
    this.requests = new RequestSeries(measuring)
  }

  get coldPhases(): ReadonlyMap<ColdPhase, HistogramCell> {
    return this.#coldPhases ?? noPhases
  }

  /** `inPodMs`: below 0 where it never got to a pod. */
  observe(request: Measured, status: number, wholeMs: number, inPodMs: number): void {
    const answer = (status / 100) | 0
    this.answers[answer] = (this.answers[answer] as number) + 1
    this.duration ??= new HistogramCell(latencyBuckets)
    this.duration.observe(wholeMs / 1000)
    if (this.#measuring.isOn) this.requests.observe(request, status, wholeMs, inPodMs)
  }

  observeWait(waitedMs: number): void {
    this.wait ??= new HistogramCell(latencyBuckets)
    this.wait.observe(waitedMs / 1000)
  }

  observeColdStart(beganMs: number, marks: ColdMarks, nowMs: number): void {
    for (const [phase, ms] of phaseLengths(beganMs, marks)) {
      this.#coldPhases ??= new Map()
      const cell = this.#coldPhases.get(phase) ?? new HistogramCell(latencyBuckets)
      this.#coldPhases.set(phase, cell)
      cell.observe(ms / 1000)
    }
    this.coldWhole ??= new HistogramCell(latencyBuckets)
    this.coldWhole.observe((nowMs - beganMs) / 1000)
  }
}
