import type { ScalingSpec } from "./settings.ts"

/**
 * Whether a revision is up for requests.
 *
 *     inactive ──load──▶ activating ──enough pods ready──▶ active
 *        ▲                   │                               │
 *        ├──── timed out ────┤                               │
 *        ├──── no route ─────┘                               │
 *        └────────────── no load for a window ───────────────┘
 */
export type Activity =
  | { readonly kind: "inactive"; readonly sinceMs: number; readonly because: "NoTraffic" | "TimedOut" }
  | { readonly kind: "activating"; readonly sinceMs: number }
  | { readonly kind: "active"; readonly sinceMs: number }

export interface ZeroQuestion {
  readonly activity: Activity
  /** Pods that load and bounds want. */
  readonly wanted: number
  /** Pods that the Deployment is told to have now. */
  readonly replicas: number
  readonly readyPods: number
  /** Pods from which on the revision counts as active. */
  readonly enough: number
  /** How long the load has been watched without a gap: after a restart nothing is known of the time before. */
  readonly watchedMs: number
  /** Whether activators answer at the revision's Service already. */
  readonly proxied: boolean
}

export interface ZeroAnswer {
  readonly activity: Activity
  readonly replicas: number
  /** When to look again, though nothing else happens. */
  readonly wakeAfterMs?: number
}

/** The last step to nothing, and the first from it. */
export function scaleToZero(question: ZeroQuestion, spec: ScalingSpec, nowMs: number): ZeroAnswer {
  const { wanted, activity } = question
  if (wanted > 0) return { activity: awake(question, nowMs), replicas: wanted }
  if (!spec.scaleToZero) return { activity: awake({ ...question, wanted: 1 }, nowMs), replicas: 1 }
  const lasted = nowMs - activity.sinceMs
  switch (activity.kind) {
    case "inactive":
      return fallAsleep(activity, question, spec, nowMs)
    case "activating": {
      if (question.readyPods >= question.enough)
        return { activity: { kind: "active", sinceMs: nowMs }, replicas: 1, wakeAfterMs: spec.stableWindowMs }
      // A pod that is not ready yet may still be for somebody who comes, but not where no route leads.
      if (!spec.reachable) return fallAsleep(asleep(nowMs), question, spec, nowMs)
      const left = spec.activationTimeoutMs - lasted
      if (left > 0) return { activity, replicas: 1, wakeAfterMs: left }
      return { activity: { kind: "inactive", sinceMs: nowMs, because: "TimedOut" }, replicas: 0 }
    }
    case "active": {
      const left = spec.reachable ? spec.stableWindowMs - Math.min(lasted, question.watchedMs) : 0
      if (left > 0) return { activity, replicas: 1, wakeAfterMs: left }
      return fallAsleep(asleep(nowMs), question, spec, nowMs)
    }
  }
}

/**
 * Two things are waited for before the last pod goes: the retention that a user asks for, and that activators stand where
 * it stood at the revision's Service, so that no caller there finds nobody. If nobody says that they do, the grace period
 * is long enough.
 */
function fallAsleep(
  activity: Activity & { kind: "inactive" },
  question: ZeroQuestion,
  spec: ScalingSpec,
  nowMs: number,
): ZeroAnswer {
  const retention = spec.reachable ? spec.retentionMs : 0
  const left = activity.sinceMs + Math.max(retention, question.proxied ? 0 : spec.graceMs) - nowMs
  // What is at zero already is not lit again for the sake of being retained.
  if (left <= 0 || question.replicas === 0 || activity.because === "TimedOut") return { activity, replicas: 0 }
  return { activity, replicas: 1, wakeAfterMs: left }
}

function asleep(sinceMs: number): Activity & { kind: "inactive" } {
  return { kind: "inactive", sinceMs, because: "NoTraffic" }
}

function awake({ activity, readyPods, enough }: ZeroQuestion, nowMs: number): Activity {
  if (readyPods >= enough) return activity.kind === "active" ? activity : { kind: "active", sinceMs: nowMs }
  return activity.kind === "activating" ? activity : { kind: "activating", sinceMs: nowMs }
}
