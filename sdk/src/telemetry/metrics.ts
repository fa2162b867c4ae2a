import { assert } from "../assert.ts"
import { CounterCell, Family, GaugeCell, HistogramCell, type MetricType } from "./metric-cell.ts"
import type { Distribution, Labels, Reading } from "./metric-reading.ts"
import { processFamilies } from "./process-metrics.ts"
import { type Exposed, expositionText } from "./prometheus.ts"

export { sumOf } from "./metric-reading.ts"
export { prometheusName } from "./prometheus.ts"
export { CounterCell, type Distribution, type Exposed, type Family, type GaugeCell, HistogramCell, type Reading }

/** Seconds: from a step inside the platform (0.1 ms) to a request that a user gives up on. */
export const latencyBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30,
  60,
]

/** What a family is beside its name: OpenTelemetry names say no unit, Prometheus' are made from both. */
export interface Shape {
  readonly unit?: string
  readonly buckets?: readonly number[]
}

type Given = number | readonly Reading[]

/**
 * The measurements of one process. Families are made by name, and the same name gives the same family; a hot path keeps
 * the cell that `with` gave it. A name in OpenTelemetry's form (`kn.revision.pods.desired`) is told to Prometheus in its.
 * Nothing runs until somebody asks.
 */
export interface Metrics {
  counter(name: string, help: string, shape?: Shape): Family<CounterCell>
  gauge(name: string, help: string, shape?: Shape): Family<GaugeCell>
  histogram(name: string, help: string, buckets?: readonly number[], shape?: Shape): Family<HistogramCell>
  /** A value that is read when somebody asks. The same name again takes the place of the former. Returns its undoing. */
  observed(name: string, help: string, read: () => Given, type?: MetricType, shape?: Shape): () => void
  /** The same with labels: one reading of a family that others have readings in too. Returns its undoing. */
  observe(name: string, help: string, labels: Labels, read: () => number, shape?: Shape): () => void
  /** Everything, as it stands. */
  all(): readonly Exposed[]
  text(): Promise<string>
  readonly contentType: string
}

/** An empty set of metrics and, unless told otherwise, those of the process itself. */
export function createMetrics(options: { readonly process?: boolean } = {}): Metrics {
  const metrics = new ProcessMetrics()
  if (options.process !== false) {
    for (const { name, help, type, read } of processFamilies()) metrics.observed(name, help, read, type)
  }
  return metrics
}

class ProcessMetrics implements Metrics {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8"
  readonly #sources = new Map<string, Exposed>()
  readonly #readings = new Map<string, Map<string, { labels: Labels; read: () => number }>>()

  counter(name: string, help: string, shape: Shape = {}): Family<CounterCell> {
    return this.#family({ type: "counter", name, help, unit: shape.unit ?? "" }, () => new CounterCell())
  }

  gauge(name: string, help: string, shape: Shape = {}): Family<GaugeCell> {
    return this.#family({ type: "gauge", name, help, unit: shape.unit ?? "" }, () => new GaugeCell())
  }

  histogram(name: string, help: string, buckets = latencyBuckets, shape: Shape = {}): Family<HistogramCell> {
    return this.#family({ type: "histogram", name, help, unit: shape.unit ?? "" }, () => new HistogramCell(buckets))
  }

  observed(name: string, help: string, read: () => Given, type: MetricType = "gauge", shape: Shape = {}): () => void {
    const readings = (): readonly Reading[] => {
      const value = read()
      return typeof value === "number" ? [{ labels: {}, value }] : value
    }
    const source = { name, help, type, unit: shape.unit ?? "", readings }
    this.#sources.set(name, source)
    return () => {
      if (this.#sources.get(name) === source) this.#sources.delete(name)
    }
  }

  observe(name: string, help: string, labels: Labels, read: () => number, shape: Shape = {}): () => void {
    const readings = this.#readings.get(name) ?? new Map<string, { labels: Labels; read: () => number }>()
    this.#readings.set(name, readings)
    const key = JSON.stringify(labels)
    const reading = { labels, read }
    readings.set(key, reading)
    const all = (): Reading[] => [...readings.values()].map((one) => ({ labels: one.labels, value: one.read() }))
    this.observed(name, help, all, "gauge", shape)
    return () => {
      if (readings.get(key) === reading) readings.delete(key)
    }
  }

  all(): readonly Exposed[] {
    return [...this.#sources.values()]
  }

  text(): Promise<string> {
    return expositionText(this.#sources.values())
  }

  #family<Made extends CounterCell | GaugeCell | HistogramCell>(
    given: Omit<Exposed, "readings">,
    make: () => Made,
  ): Family<Made> {
    const known = this.#sources.get(given.name)
    if (known === undefined) {
      const family = new Family<Made>(given, make)
      this.#sources.set(given.name, family)
      return family
    }
    assert(known instanceof Family && known.type === given.type, `metric ${given.name} is a ${known.type} already`)
    return known as Family<Made>
  }
}
