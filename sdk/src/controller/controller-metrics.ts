import type { Clock } from "../clock/index.ts"
import type { Metrics } from "../telemetry/metrics.ts"

export type Outcome = "ok" | "retry" | "terminal"
/** Whose names a loop's figures have: those of Kubernetes' controllers, or of Knative's. */
export type MetricNames = "kubernetes" | "knative"

/** What a reconcile loop tells of itself. */
export interface LoopMetrics {
  /** A key was not waiting, and does now. */
  queued(key: string): void
  begun(key: string): void
  ended(key: string, outcome: Outcome): void
  /** The loop has ended: it has no depth any more. */
  close(): void
}

const names = {
  kubernetes: { prefix: "workqueue.", work: "work" },
  knative: { prefix: "kn.workqueue.", work: "process" },
} as const
const seconds = { unit: "s" }
const items = { unit: "{item}" }

/** Undefined where nobody measures: the loop then notes no times. */
export function loopMetrics(given: {
  readonly metrics: Metrics | undefined
  readonly names: MetricNames
  readonly name: string
  readonly clock: Clock
  readonly depth: () => number
}): LoopMetrics | undefined {
  const { metrics, name, clock, depth } = given
  if (!metrics) return undefined
  const { prefix, work } = names[given.names]
  const of = { name }
  const adds = metrics.counter(`${prefix}adds`, "Keys that were put into the queue.", items).with(of)
  const retries = metrics.counter(`${prefix}retries`, "Reconciles that failed and are tried again.", items).with(of)
  const givenUp = metrics.counter("controller_terminal_errors_total", "Reconciles given up until a change.").with(of)
  const waited = metrics.histogram(`${prefix}queue.duration`, "How long keys waited.", undefined, seconds).with(of)
  const worked = metrics
    .histogram(`${prefix}${work}.duration`, "How long one reconcile took.", undefined, seconds)
    .with(of)
  /** Since when keys wait, and since when they are worked on. */
  const queuedMs = new Map<string, number>()
  const begunMs = new Map<string, number>()
  const ages = (): number[] => [...begunMs.values()].map((since) => (clock.monotonic() - since) / 1000)
  const undo = [
    metrics.observe(`${prefix}depth`, "Keys that wait to be reconciled.", of, depth, items),
    metrics.observe(
      `${prefix}unfinished_work`,
      "Time that reconciles which have not ended have taken, all together.",
      of,
      () => ages().reduce((sum, age) => sum + age, 0),
      seconds,
    ),
    metrics.observe(
      `${prefix}longest_running_processor`,
      "Time that the oldest of them has taken.",
      of,
      () => Math.max(0, ...ages()),
      seconds,
    ),
  ]
  return {
    queued: (key) => {
      adds.add()
      queuedMs.set(key, clock.monotonic())
    },
    begun: (key) => {
      const now = clock.monotonic()
      waited.observe((now - (queuedMs.get(key) ?? now)) / 1000)
      queuedMs.delete(key)
      begunMs.set(key, now)
    },
    ended: (key, outcome) => {
      const now = clock.monotonic()
      worked.observe((now - (begunMs.get(key) ?? now)) / 1000)
      begunMs.delete(key)
      if (outcome === "retry") retries.add()
      if (outcome === "terminal") givenUp.add()
    },
    close: () => {
      for (const each of undo) each()
    },
  }
}
