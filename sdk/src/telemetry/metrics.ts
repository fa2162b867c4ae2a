import type { Metric, Registry } from "prom-client"
import { assert } from "../assert.ts"
import { CounterCell, Family, GaugeCell, HistogramCell, type Sample } from "./metric-cell.ts"
import { processFamilies } from "./process-metrics.ts"

export type { CounterCell, Family, GaugeCell, HistogramCell, Sample }

/** Seconds: from a step inside the platform (0.1 ms) to a request that a user gives up on. */
export const latencyBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

/**
 * The measurements of one process, in Prometheus' form. Families are made by name, and the same name gives the same
 * family; a hot path keeps the cell that `with` gave it. Nothing runs until somebody asks for the `text`.
 */
export interface Metrics {
  counter(name: string, help: string): Family<CounterCell>
  gauge(name: string, help: string): Family<GaugeCell>
  histogram(name: string, help: string, buckets?: readonly number[]): Family<HistogramCell>
  /** A value that is read when somebody asks. The samples of a histogram say themselves which part of it they are. */
  observed(name: string, help: string, read: () => number | readonly Sample[], type?: Source["type"]): void
  /** The same with labels: one reading of a family that others have readings in too. */
  observe(name: string, help: string, labels: Readonly<Record<string, string>>, read: () => number): void
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

interface Source {
  readonly name: string
  readonly help: string
  readonly type: "counter" | "gauge" | "histogram"
  samples(): readonly Sample[]
}

class ProcessMetrics implements Metrics {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8"
  readonly #sources = new Map<string, Source>()
  readonly #readings = new Map<string, Map<string, { labels: Readonly<Record<string, string>>; read: () => number }>>()

  counter(name: string, help: string): Family<CounterCell> {
    return this.#family("counter", name, help, () => new CounterCell())
  }

  gauge(name: string, help: string): Family<GaugeCell> {
    return this.#family("gauge", name, help, () => new GaugeCell())
  }

  histogram(name: string, help: string, buckets: readonly number[] = latencyBuckets): Family<HistogramCell> {
    return this.#family("histogram", name, help, () => new HistogramCell(name, buckets))
  }

  observed(name: string, help: string, read: () => number | readonly Sample[], type: Source["type"] = "gauge"): void {
    const samples = (): readonly Sample[] => {
      const value = read()
      return typeof value === "number" ? [{ labels: {}, value }] : value
    }
    this.#sources.set(name, { name, help, type, samples })
  }

  observe(name: string, help: string, labels: Readonly<Record<string, string>>, read: () => number): void {
    const readings = this.#readings.get(name) ?? new Map<string, { labels: typeof labels; read: () => number }>()
    this.#readings.set(name, readings)
    readings.set(JSON.stringify(labels), { labels, read })
    this.observed(name, help, () => [...readings.values()].map((one) => ({ labels: one.labels, value: one.read() })))
  }

  async text(): Promise<string> {
    // The exposition format is the library's; it is loaded by the first who asks, since many processes are never asked.
    const { Registry: Exposition } = await import("prom-client")
    const registry: Registry = new Exposition()
    for (const source of this.#sources.values()) {
      const { name, help, type } = source
      const metric = { name, help, type, get: async () => ({ name, help, type, values: source.samples() }) }
      registry.registerMetric(metric as unknown as Metric)
    }
    return registry.metrics()
  }

  #family<Made extends CounterCell | GaugeCell | HistogramCell>(
    type: Source["type"],
    name: string,
    help: string,
    make: () => Made,
  ): Family<Made> {
    const known = this.#sources.get(name)
    if (known === undefined) {
      const family = new Family<Made>(type, name, help, make)
      this.#sources.set(name, family)
      return family
    }
    assert(known instanceof Family && known.type === type, `metric ${name} is a ${known.type} already`)
    return known as Family<Made>
  }
}
