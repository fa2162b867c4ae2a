import { revisionAttributes } from "@wick/sdk/api/serving/revision-attributes"
import type { GaugeCell, Metrics, Reading } from "@wick/sdk/metrics"
import type { Backend } from "../backend/backend.ts"
import { unknownSpec } from "../backend/revision-spec.ts"

/**
 * The same figures under the names that Knative's activator and queue-proxy give them. They are read off when somebody
 * asks: the path of a request knows nothing of them.
 */
export function exposeKnativeMetrics(metrics: Metrics, backends: () => Iterable<Backend>): void {
  const each = (read: (backend: Backend, labels: Labels) => readonly Reading[]) => (): Reading[] =>
    [...backends()].filter(({ spec }) => spec !== unknownSpec).flatMap((backend) => read(backend, labelsOf(backend)))
  const gauge = (name: string, help: string, read: (backend: Backend) => number): void =>
    void metrics.observed(
      name,
      help,
      each((backend, labels) => [{ labels, value: read(backend) }]),
      "gauge",
      { unit: "{request}" },
    )
  gauge(
    "kn.revision.request.concurrency",
    "Requests of the revision that are in this activator.",
    ({ meter }) => meter.now,
  )
  gauge("kn.revision.request.queued", "Requests of the revision that wait for a pod.", ({ line }) => line.size)
  gauge(
    "kn.revision.request.active",
    "Requests of the revision that are in a pod.",
    ({ meter, line }) => meter.now - line.size,
  )
  gauge(
    "kn.serving.queue.depth",
    "Requests of the revision that wait for a pod or are in one.",
    ({ meter }) => meter.now,
  )
  metrics.observed(
    "kn.serving.invocation.duration",
    "From a request's head to its answer's end, waiting included.",
    each(({ metrics }, labels) => [{ labels, value: metrics.durations() }]),
    "histogram",
    { unit: "s" },
  )
}

/** Is told of the stream to the autoscaler. */
export interface StreamWitness {
  opened(): void
  lost(): void
}

export function exposeStreamMetrics(metrics: Metrics, connected: GaugeCell): StreamWitness {
  const labels = { peer: "autoscaler" }
  const lost = metrics
    .counter("kn.activator.stats.conn.errors", "Times that the way to the autoscaler was lost.", { unit: "{error}" })
    .with(labels)
  const help = "1 while load is reported to the autoscaler."
  metrics.observe("kn.activator.stats.conn.reachable", help, labels, () => connected.value, { unit: "{reachable}" })
  return {
    opened: () => connected.set(1),
    lost: () => {
      connected.set(0)
      lost.add()
    },
  }
}

type Labels = Readonly<Record<string, string>>

function labelsOf({ namespace, name, spec }: Backend): Labels {
  return revisionAttributes(namespace, name, {
    "serving.knative.dev/service": spec.service,
    "serving.knative.dev/configuration": spec.configuration,
  })
}
