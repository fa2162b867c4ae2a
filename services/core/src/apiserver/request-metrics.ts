import type { CounterCell, HistogramCell, Metrics } from "@wick/sdk/metrics"
import type { RequestInfo } from "./request-info.ts"

/** Seconds, as kube-apiserver measures requests. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 1, 2, 5, 10, 30, 60]

interface Cells {
  readonly total: CounterCell
  readonly duration: HistogramCell
}

/** How many requests there were and how long they took, under Kubernetes' names for it. */
export class RequestMetrics {
  readonly #metrics: Metrics
  readonly #cells = new Map<string, Cells>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** `known`: whether the resource is served; what is not would make labels without end. */
  observe(info: RequestInfo | undefined, known: boolean, code: number, seconds: number): void {
    const of = info?.kind === "resource" && known ? info : undefined
    const key = of
      ? `${of.verb}/${of.group}/${of.version}/${of.resource}/${of.subresource}/${of.name === "" ? of.namespace === "" : "one"}/${code}`
      : `${code}`
    let cells = this.#cells.get(key)
    if (!cells) {
      cells = this.#make(of ? labelsOf(of) : { verb: "GET" }, code)
      this.#cells.set(key, cells)
    }
    cells.total.add()
    // A watch lasts as long as its client wants: its time says nothing about the server.
    if (of?.verb !== "watch") cells.duration.observe(seconds)
  }

  #make(labels: Record<string, string>, code: number): Cells {
    const total = this.#metrics.counter("apiserver_request_total", "Requests, by what they asked for and the answer.")
    const duration = this.#metrics.histogram(
      "apiserver_request_duration_seconds",
      "Time until the answer of requests that are no watches.",
      durationBuckets,
    )
    return { total: total.with({ ...labels, code: String(code) }), duration: duration.with(labels) }
  }
}

const verbs: Record<string, string> = { create: "POST", update: "PUT", deletecollection: "DELETECOLLECTION" }

function labelsOf(info: Extract<RequestInfo, { kind: "resource" }>): Record<string, string> {
  const { verb, group, version, resource, subresource, name, namespace } = info
  const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster"
  return { verb: verbs[verb] ?? verb.toUpperCase(), group, version, resource, subresource, scope }
}
