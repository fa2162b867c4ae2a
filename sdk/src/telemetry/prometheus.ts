import type { Metric, Registry } from "prom-client"
import type { MetricType } from "./metric-cell.ts"
import type { Labels, Reading } from "./metric-reading.ts"

/** What is told of one name. */
export interface Exposed {
  /** OpenTelemetry's form, with dots, or Prometheus' own. */
  readonly name: string
  readonly help: string
  readonly type: MetricType
  /** By UCUM: `s`, `By`, `{pod}`; empty where the name says it. */
  readonly unit: string
  readings(): readonly Reading[]
}

const unitNames: Readonly<Record<string, string>> = { s: "seconds", ms: "milliseconds", By: "bytes" }

/**
 * The name by which Prometheus knows an OpenTelemetry metric (the strategy "underscore escaping with suffixes"):
 * `http.server.request.body.size` in bytes → `http_server_request_body_size_bytes`. Units in braces are comments.
 */
export function prometheusName({ name, type, unit }: Pick<Exposed, "name" | "type" | "unit">): string {
  const escaped = underscored(name)
  const suffix = unitNames[unit]
  const united = suffix === undefined || escaped.endsWith(`_${suffix}`) ? escaped : `${escaped}_${suffix}`
  return type === "counter" && name.includes(".") && !united.endsWith("_total") ? `${united}_total` : united
}

/** In Prometheus' text form. The library that writes it is loaded by the first who asks: many processes are never asked. */
export async function expositionText(all: Iterable<Exposed>): Promise<string> {
  const { Registry: Exposition } = await import("prom-client")
  const registry: Registry = new Exposition()
  for (const exposed of all) {
    const { help, type } = exposed
    const name = prometheusName(exposed)
    const get = async () => ({ name, help, type, values: exposed.readings().flatMap((one) => samples(name, one)) })
    registry.registerMetric({ name, help, type, get } as unknown as Metric)
  }
  return registry.metrics()
}

interface Sample {
  readonly metricName?: string
  readonly labels: Labels
  readonly value: number
}

function samples(name: string, { labels: given, value }: Reading): Sample[] {
  const labels: Labels = Object.fromEntries(Object.entries(given).map(([key, text]) => [underscored(key), text]))
  if (typeof value === "number") return [{ labels, value }]
  const { bounds, counts, sum } = value
  let count = 0
  const buckets = Array.from({ length: bounds.length + 1 }, (_, at) => {
    count += counts[at] ?? 0
    const le = at < bounds.length ? String(bounds[at]) : "+Inf"
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

const known = new Map<string, string>()
/** Names are the platform's own: a few hundred. */
const knownMax = 1_000

function underscored(name: string): string {
  const found = known.get(name)
  if (found !== undefined) return found
  const escaped = name.replace(/[^a-zA-Z0-9_:]/g, "_")
  if (known.size < knownMax) known.set(name, escaped)
  return escaped
}
