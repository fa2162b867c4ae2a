import type { CounterCell, Family, GaugeCell, HistogramCell, Metrics, Reading } from "@wick/sdk/metrics"

/** Families of which every revision gets its cells. */
export interface ActivatorMetrics {
  readonly requests: Family<CounterCell>
  readonly duration: Family<HistogramCell>
  readonly wait: Family<HistogramCell>
  readonly coldStart: Family<HistogramCell>
  readonly refused: Family<CounterCell>
  readonly failedFast: Family<CounterCell>
  readonly ejections: Family<CounterCell>
  readonly probes: Family<CounterCell>
  readonly streams: Family<GaugeCell>
}

export function activatorMetrics(metrics: Metrics): ActivatorMetrics {
  return {
    requests: metrics.counter("wick_activator_requests_total", "Requests by revision and class of answer."),
    duration: metrics.histogram(
      "wick_activator_request_duration_seconds",
      "From a request's head to its answer's end.",
    ),
    wait: metrics.histogram("wick_activator_wait_seconds", "How long requests waited for a pod, of those that waited."),
    coldStart: metrics.histogram(
      "wick_activator_cold_start_seconds",
      "Phases of a start from zero: until the pod is seen (scheduled), has an address (sandbox), answers a probe (started).",
    ),
    refused: metrics.counter("wick_activator_queue_full_total", "Requests refused because too many waited already."),
    failedFast: metrics.counter(
      "wick_activator_failed_fast_total",
      "Requests refused because no pod of the revision can run.",
    ),
    ejections: metrics.counter("wick_activator_ejections_total", "Times that a pod was left out for answering badly."),
    probes: metrics.counter("wick_activator_probes_total", "Attempts to reach a starting pod."),
    streams: metrics.gauge("wick_activator_autoscaler_connected", "1 while load is reported to the autoscaler."),
  }
}

/** 0 stands for clients that left before their answer was complete. */
const answerClasses = ["left", "1xx", "2xx", "3xx", "4xx", "5xx"] as const

/**
 * The cells of one revision, found once: the path of a request adds to numbers and makes no label, no string and no
 * object.
 */
export class RevisionMetrics {
  readonly refused: CounterCell
  readonly failedFast: CounterCell
  readonly ejections: CounterCell
  readonly #answers: readonly CounterCell[]
  readonly #duration: HistogramCell
  readonly #wait: HistogramCell
  readonly #phases: Readonly<Record<ColdPhase, HistogramCell>>

  constructor(families: ActivatorMetrics, namespace: string, revision: string) {
    const labels = { namespace_name: namespace, revision_name: revision }
    this.refused = families.refused.with(labels)
    this.failedFast = families.failedFast.with(labels)
    this.ejections = families.ejections.with(labels)
    this.#answers = answerClasses.map((answer) => families.requests.with({ ...labels, response_code_class: answer }))
    this.#duration = families.duration.with(labels)
    this.#wait = families.wait.with(labels)
    const phase = (name: ColdPhase): HistogramCell => families.coldStart.with({ ...labels, phase: name })
    this.#phases = { scheduled: phase("scheduled"), sandbox: phase("sandbox"), started: phase("started") }
  }

  observe(status: number, durationMs: number): void {
    this.#answers[(status / 100) | 0]?.add()
    this.#duration.observe(durationMs / 1000)
  }

  /** The same durations, for another name. */
  durations(): Reading["value"] {
    return this.#duration.read()
  }

  observeWait(waitedMs: number): void {
    this.#wait.observe(waitedMs / 1000)
  }

  observeColdPhase(phase: ColdPhase, ms: number): void {
    this.#phases[phase].observe(ms / 1000)
  }
}

export type ColdPhase = "scheduled" | "sandbox" | "started"
