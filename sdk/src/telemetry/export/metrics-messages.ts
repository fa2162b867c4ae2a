import {
  bool,
  double,
  doubles,
  fixed64,
  fixed64s,
  Message,
  message,
  messages,
  number,
  optional,
  text,
  type Written,
} from "../../protobuf/index.ts"
import type { Reading } from "../metric-reading.ts"
import { type Attributes, keyValue, keyValues, resource, scope } from "../otlp/attributes.ts"
import type { Exposed } from "../prometheus.ts"

const numberPoint = new Message({
  start: fixed64(2),
  time: fixed64(3),
  value: optional(double(4)),
  attributes: messages(7, () => keyValue),
})
const histogramPoint = new Message({
  start: fixed64(2),
  time: fixed64(3),
  count: fixed64(4),
  sum: optional(double(5)),
  counts: fixed64s(6),
  bounds: doubles(7),
  attributes: messages(9, () => keyValue),
})
const gauge = new Message({ points: messages(1, () => numberPoint) })
const sum = new Message({ points: messages(1, () => numberPoint), temporality: number(2), isMonotonic: bool(3) })
const histogram = new Message({ points: messages(1, () => histogramPoint), temporality: number(2) })
/** `opentelemetry.proto.metrics.v1.Metric` */
const metric = new Message({
  name: text(1),
  description: text(2),
  unit: text(3),
  gauge: message(5, () => gauge),
  sum: message(7, () => sum),
  histogram: message(9, () => histogram),
})
const scopeMetrics = new Message({ scope: message(1, () => scope), metrics: messages(2, () => metric) })
const resourceMetrics = new Message({ resource: message(1, () => resource), scopes: messages(2, () => scopeMetrics) })
/** `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest` */
export const exportMetrics = new Message({ resources: messages(1, () => resourceMetrics) })

const cumulative = 2

/** Label sets in one message: of histograms about 600 bytes each, where collectors take 4 MB. */
export const pointsPerMessageMax = 2_000

export interface About {
  readonly resource: Attributes
  readonly scopeName: string
  readonly startMs: number
  readonly nowMs: number
}

/** Everything that has a value, in as many messages as it takes. */
export function encodeMetrics(all: readonly Exposed[], about: About): Buffer[] {
  const messages: Buffer[] = []
  let metrics: Written<typeof metric>[] = []
  let room = pointsPerMessageMax
  const close = (): void => {
    if (metrics.length === 0) return
    const scopes = [{ scope: { name: about.scopeName }, metrics }]
    messages.push(
      exportMetrics.encode({ resources: [{ resource: { attributes: keyValues(about.resource) }, scopes }] }),
    )
    metrics = []
    room = pointsPerMessageMax
  }
  for (const exposed of all) {
    const readings = exposed.readings()
    for (let at = 0; at < readings.length; ) {
      const part = readings.slice(at, at + room)
      metrics.push(written(exposed, part, about))
      at += part.length
      room -= part.length
      if (room === 0) close()
    }
  }
  close()
  return messages
}

function written(
  { name, help, unit, type }: Exposed,
  readings: readonly Reading[],
  about: About,
): Written<typeof metric> {
  const times = { start: nanoseconds(about.startMs), time: nanoseconds(about.nowMs) }
  const common = { name, description: help, unit }
  if (type === "histogram") {
    const points = readings.flatMap(({ labels, value }) => {
      if (typeof value === "number") return []
      const counts = Array.from(value.counts, (count) => BigInt(count))
      const count = counts.reduce((all, one) => all + one, 0n)
      return [{ ...times, attributes: keyValues(labels), count, sum: value.sum, counts, bounds: value.bounds }]
    })
    return { ...common, histogram: { points, temporality: cumulative } }
  }
  const points = readings.flatMap(({ labels, value }) =>
    typeof value === "number" ? [{ ...times, attributes: keyValues(labels), value }] : [],
  )
  return type === "gauge"
    ? { ...common, gauge: { points } }
    : { ...common, sum: { points, temporality: cumulative, isMonotonic: true } }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n
}
