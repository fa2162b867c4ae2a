import type { Metrics } from "../telemetry/metrics.ts"

export type Outcome = "ok" | "retry" | "terminal"

/** What a reconcile loop tells of itself, under Kubernetes' names where it has them. */
export interface LoopMetrics {
  reconciled(seconds: number, outcome: Outcome): void
}

export function loopMetrics(metrics: Metrics | undefined, name: string, depth: () => number): LoopMetrics {
  if (!metrics) return { reconciled: () => {} }
  const durations = metrics
    .histogram("workqueue_work_duration_seconds", "Seconds that one reconcile took.")
    .with({ name })
  const retries = metrics
    .counter("workqueue_retries_total", "Reconciles that failed and are tried again.")
    .with({ name })
  const errors = metrics
    .counter("controller_terminal_errors_total", "Reconciles given up until a change.")
    .with({ name })
  metrics.observe("workqueue_depth", "Keys that wait to be reconciled.", { name }, depth)
  return {
    reconciled: (seconds, outcome) => {
      durations.observe(seconds)
      if (outcome === "retry") retries.add()
      if (outcome === "terminal") errors.add()
    },
  }
}
