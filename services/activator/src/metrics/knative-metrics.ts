import type { GaugeCell, Metrics, Sample } from "@wick/sdk/metrics"
import type { Backend } from "../backend/backend.ts"
import { unknownSpec } from "../backend/revision-spec.ts"

/**
 * The same figures under the names that Knative's activator and queue-proxy give them, as OpenTelemetry writes these for
 * Prometheus. They are read off when somebody asks: the path of a request knows nothing of them.
 */
export function exposeKnativeMetrics(metrics: Metrics, backends: () => Iterable<Backend>): void {
  const each = (read: (backend: Backend, labels: Labels) => readonly Sample[]) => (): Sample[] =>
    [...backends()].filter(({ spec }) => spec !== unknownSpec).flatMap((backend) => read(backend, labelsOf(backend)))
  const value = (read: (backend: Backend) => number) => each((backend, labels) => [{ labels, value: read(backend) }])
  metrics.observed(
    "kn_revision_request_concurrency",
    "Requests of the revision that are in this activator.",
    value(({ meter }) => meter.now),
  )
  metrics.observed(
    "kn_revision_request_queued",
    "Requests of the revision that wait for a pod.",
    value(({ line }) => line.size),
  )
  metrics.observed(
    "kn_revision_request_active",
    "Requests of the revision that are in a pod.",
    value(({ meter, line }) => meter.now - line.size),
  )
  metrics.observed(
    "kn_serving_queue_depth",
    "Requests of the revision that wait for a pod or are in one.",
    value(({ meter }) => meter.now),
  )
  const duration = "kn_serving_invocation_duration_seconds"
  metrics.observed(
    duration,
    "From a request's head to its answer's end, waiting included.",
    each((backend, labels) => backend.metrics.durations(duration, labels)),
    "histogram",
  )
}

/** Is told of the stream to the autoscaler. */
export interface StreamWitness {
  opened(): void
  lost(): void
}

export function exposeStreamMetrics(metrics: Metrics, connected: GaugeCell): StreamWitness {
  const labels = { peer: "autoscaler" }
  const errors = metrics.counter("kn_activator_stats_conn_errors", "Times that the way to the autoscaler was lost.")
  const lost = errors.with(labels)
  metrics.observed("kn_activator_stats_conn_reachable", "1 while load is reported to the autoscaler.", () => [
    { labels, value: connected.value },
  ])
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
  return {
    k8s_namespace_name: namespace,
    kn_service_name: spec.service,
    kn_configuration_name: spec.configuration,
    kn_revision_name: name,
  }
}
