import { revisionAttributes } from "@wick/sdk/api/serving/revision-attributes"
import type { HistogramCell, Metrics, Reading } from "@wick/sdk/metrics"
import type { Backend } from "../backend/backend.ts"
import { unknownSpec } from "../backend/revision-spec.ts"
import { answerClasses } from "./revision-metrics.ts"

type Labels = Readonly<Record<string, string>>
type Backends = () => Iterable<Backend>

/**
 * What revisions have counted, read off when somebody asks: the path of a request knows nothing of names and labels. A
 * revision that was deleted has no series any more.
 */
export function exposeRevisions(metrics: Metrics, backends: Backends): void {
  exposeOwn(metrics, backends)
  const gauge = (name: string, help: string, read: (backend: Backend) => number): void =>
    void metrics.observed(
      name,
      help,
      () => knownOf(backends).map((backend) => ({ labels: attributesOf(backend), value: read(backend) })),
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
}

function exposeOwn(metrics: Metrics, backends: Backends): void {
  const each = (read: (backend: Backend, labels: Labels) => readonly Reading[]) => (): Reading[] =>
    existing(backends).flatMap((backend) =>
      read(backend, { namespace_name: backend.namespace, revision_name: backend.name }),
    )
  const count = (name: string, help: string, read: (backend: Backend) => number): void =>
    void metrics.observed(
      `wick_activator_${name}_total`,
      help,
      each((backend, labels) => [{ labels, value: read(backend) }]),
      "counter",
    )
  const histogram = (name: string, help: string, read: (backend: Backend, labels: Labels) => Reading[]): void =>
    void metrics.observed(`wick_activator_${name}_seconds`, help, each(read), "histogram")
  metrics.observed(
    "wick_activator_requests_total",
    "Requests by revision and class of answer.",
    each(({ metrics }, labels) =>
      answerClasses.map((answer, at) => ({
        labels: { ...labels, response_code_class: answer },
        value: metrics.answers[at] ?? 0,
      })),
    ),
    "counter",
  )
  count("queue_full", "Requests refused because too many waited already.", ({ metrics }) => metrics.refused)
  count("failed_fast", "Requests refused because no pod of the revision can run.", ({ metrics }) => metrics.failedFast)
  count("ejections", "Times that a pod was left out for answering badly.", ({ metrics }) => metrics.ejections)
  histogram("request_duration", "From a request's head to its answer's end.", ({ metrics }, labels) =>
    one(labels, metrics.duration),
  )
  histogram("wait", "How long requests waited for a pod, of those that waited.", ({ metrics }, labels) =>
    one(labels, metrics.wait),
  )
  histogram(
    "cold_start",
    "Starts from zero by phase; the phases of one are together as long as it was.",
    ({ metrics }, labels) => [...metrics.coldPhases].flatMap(([phase, cell]) => one({ ...labels, phase }, cell)),
  )
  histogram("cold_start_whole", "Starts from zero, from the first request to its answer's first byte.", (of, labels) =>
    one(labels, of.metrics.coldWhole),
  )
}

/** What Knative's queue-proxy tells, of which users have dashboards; told only where the operators want it. */
export function exposeRequests(metrics: Metrics, backends: Backends): void {
  metrics.observed(
    "kn.serving.queue.depth",
    "Requests of the revision that wait for a pod or are in one.",
    () => knownOf(backends).map((backend) => ({ labels: attributesOf(backend), value: backend.meter.now })),
    "gauge",
    { unit: "{request}" },
  )
  metrics.observed(
    "kn.serving.invocation.duration",
    "How long requests were in a pod, to the end of its answer.",
    () =>
      knownOf(backends).flatMap((backend) =>
        [...backend.metrics.requests.byStatus()].map(([status, value]) => ({
          labels: { ...attributesOf(backend), ...(status === undefined ? overflow : statusOf(status)) },
          value,
        })),
      ),
    "histogram",
    { unit: "s" },
  )
  for (const [name, unit, help, part] of [
    ["request.duration", "s", "From a request's head to its answer's end, waiting included.", "whole"],
    ["request.body.size", "By", "Bodies of requests.", "requestBytes"],
    ["response.body.size", "By", "Bodies of answers.", "answerBytes"],
  ] as const) {
    metrics.observed(`http.server.${name}`, help, () => serverReadings(backends, part), "histogram", { unit })
  }
}

function serverReadings(backends: Backends, part: "whole" | "requestBytes" | "answerBytes"): Reading[] {
  return knownOf(backends).flatMap((backend) => {
    const of = attributesOf(backend)
    return backend.metrics.requests.all.map((series) => ({
      labels: {
        ...of,
        ...(series.isOverflow
          ? overflow
          : {
              "http.request.method": methods.has(series.method) ? series.method : "_OTHER",
              ...statusOf(series.status),
              "network.protocol.name": "http",
              "network.protocol.version": series.version === 2 ? "2" : "1.1",
              "url.scheme": "http",
              ...(series.tag !== "" && { "kn.route.tag": series.tag }),
            }),
      },
      value: series[part].read(),
    }))
  })
}

/** OpenTelemetry's: others are told as one. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"])
const overflow: Labels = { "otel.metric.overflow": "true" }
/** By a custom of proxies: the client left before there was an answer. */
const leftStatus = 499

function statusOf(status: number): Labels {
  return { "http.response.status_code": String(status || leftStatus) }
}

function one(labels: Labels, cell: HistogramCell | undefined): Reading[] {
  return cell === undefined ? [] : [{ labels, value: cell.read() }]
}

function existing(backends: Backends): Backend[] {
  return [...backends()].filter(({ gone }) => !gone)
}

/** Those that were seen themselves, not only spoken of. */
function knownOf(backends: Backends): Backend[] {
  return existing(backends).filter(({ spec }) => spec !== unknownSpec)
}

function attributesOf({ namespace, name, spec }: Backend): Labels {
  return revisionAttributes(namespace, name, {
    "serving.knative.dev/service": spec.service,
    "serving.knative.dev/configuration": spec.configuration,
  })
}
