import { parseExposition, type Sample } from "./exposition.ts"

/** What activators counted of one revision since they began. */
interface Counted {
  answered: number
  failed: number
  seconds: number
  /** Answers within each upper bound in seconds. */
  readonly within: Map<number, number>
}

/** `namespace/revision` → what was counted, over all activators. */
export type Snapshot = ReadonlyMap<string, Counted>

/** What went through one revision between two looks. */
export interface RevisionTraffic {
  readonly requestsPerSecond: number
  /** Share of answers of 500 and more, 0 to 1; undefined where nothing was answered. */
  readonly failing: number | undefined
  /** Milliseconds; undefined where nothing was answered. */
  readonly p50: number | undefined
  readonly p99: number | undefined
  /** Requests at a time, on average (Little's law). */
  readonly concurrency: number
}

const requests = "wick_activator_requests_total"
const duration = "wick_activator_request_duration_seconds"
const wanted = new Set([requests, `${duration}_sum`, `${duration}_bucket`])

/** Adds up what each activator tells. */
export function snapshotOf(expositions: readonly string[]): Snapshot {
  const snapshot = new Map<string, Counted>()
  for (const text of expositions) {
    for (const sample of parseExposition(text, (name) => wanted.has(name))) count(snapshot, sample)
  }
  return snapshot
}

function count(snapshot: Map<string, Counted>, { name, labels, value }: Sample): void {
  const key = `${labels.namespace_name}/${labels.revision_name}`
  const counted = snapshot.get(key) ?? { answered: 0, failed: 0, seconds: 0, within: new Map<number, number>() }
  snapshot.set(key, counted)
  if (name === requests) {
    counted.answered += value
    if (labels.response_code_class === "5xx") counted.failed += value
  } else if (name === `${duration}_sum`) counted.seconds += value
  else {
    const bound = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)
    counted.within.set(bound, (counted.within.get(bound) ?? 0) + value)
  }
}

/** What happened between two snapshots that are `seconds` apart. An activator that began anew counts from nothing. */
export function trafficBetween(before: Snapshot, after: Snapshot, seconds: number): Map<string, RevisionTraffic> {
  return new Map(
    [...after].map(([key, now]) => {
      const then = before.get(key)
      const since = (is: number, was = 0): number => Math.max(0, is - was)
      const answered = since(now.answered, then?.answered)
      const within = [...now.within]
        .map(([bound, total]): [number, number] => [bound, since(total, then?.within.get(bound))])
        .toSorted(([a], [b]) => a - b)
      const traffic: RevisionTraffic = {
        requestsPerSecond: answered / seconds,
        failing: answered === 0 ? undefined : since(now.failed, then?.failed) / answered,
        p50: quantile(within, 0.5),
        p99: quantile(within, 0.99),
        concurrency: since(now.seconds, then?.seconds) / seconds,
      }
      return [key, traffic]
    }),
  )
}

/** Milliseconds under which this share of answers came, as far as the bounds tell: straight lines between them. */
function quantile(within: readonly [bound: number, total: number][], share: number): number | undefined {
  const total = within.at(-1)?.[1] ?? 0
  if (total === 0) return undefined
  const rank = share * total
  const at = within.findIndex(([, count]) => count >= rank)
  const [bound = 0, count = 0] = within[at] ?? []
  const [lower, below] = within[at - 1] ?? [0, 0]
  if (bound === Number.POSITIVE_INFINITY) return lower * 1000
  return (lower + ((bound - lower) * (rank - below)) / (count - below || 1)) * 1000
}
