import type { Pod } from "@wick/sdk/api/core/pod"
import type { Condition } from "@wick/sdk/api/meta/condition"
import { formatTime, parseTime } from "@wick/sdk/api/meta/time"
import type { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { isReady, isTerminating } from "../pod-state.ts"

/** An eviction that was granted and of which nothing was seen for so long did not happen. */
const evictionMsMax = 2 * 60_000

type Status = NonNullable<PodDisruptionBudget["status"]>

export interface Counted {
  readonly status: Status
  /** Milliseconds until a granted eviction is given up; undefined when none is under way. */
  readonly againInMs: number | undefined
}

/**
 * How many of the budget's pods may be taken away now. `pods` are those that it selects; `scale` is how many there should
 * be by the word of their controllers.
 */
export function countBudget(budget: PodDisruptionBudget, pods: readonly Pod[], scale: number, nowMs: number): Counted {
  const disruptedPods = underWay(budget.status?.disruptedPods ?? {}, pods, nowMs)
  const healthy = pods.filter((pod) => isReady(pod) && !isTerminating(pod) && !(pod.metadata.name in disruptedPods))
  const { expectedPods, desiredHealthy } = wanted(budget, pods.length, scale)
  const spare = healthy.length - desiredHealthy
  const disruptionsAllowed = expectedPods > 0 && spare > 0 ? spare : 0
  const generation = budget.metadata.generation ?? 1
  const status: Status = {
    observedGeneration: generation,
    ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    disruptionsAllowed,
    currentHealthy: healthy.length,
    desiredHealthy,
    expectedPods,
    conditions: [condition(budget, disruptionsAllowed > 0, generation, nowMs)],
  }
  const ends = Object.values(disruptedPods).map((since) => parseTime(since) + evictionMsMax - nowMs)
  return { status, againInMs: ends.length > 0 ? Math.max(1, Math.min(...ends)) : undefined }
}

/** A part of a whole, as a number or as percent; of percent the next whole number up. */
function part(amount: string | number, whole: number): number {
  if (typeof amount === "number") return amount
  return Math.ceil((Number.parseInt(amount, 10) / 100) * whole)
}

function wanted(
  { spec }: PodDisruptionBudget,
  pods: number,
  scale: number,
): Pick<Status, "expectedPods" | "desiredHealthy"> {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined) {
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - part(maxUnavailable, scale)) }
  }
  if (typeof minAvailable === "number") return { expectedPods: pods, desiredHealthy: minAvailable }
  return { expectedPods: scale, desiredHealthy: part(minAvailable ?? 1, scale) }
}

function underWay(granted: Record<string, string>, pods: readonly Pod[], nowMs: number): Record<string, string> {
  const living = new Set(pods.filter((pod) => !isTerminating(pod)).map(({ metadata }) => metadata.name))
  const kept = Object.entries(granted).filter(
    ([name, since]) => living.has(name) && parseTime(since) + evictionMsMax > nowMs,
  )
  return Object.fromEntries(kept)
}

function condition(
  budget: PodDisruptionBudget,
  allowed: boolean,
  observedGeneration: number,
  nowMs: number,
): Condition {
  const status = allowed ? "True" : "False"
  const before = budget.status?.conditions?.find(({ type }) => type === "DisruptionAllowed")
  const since = before?.status === status ? before.lastTransitionTime : undefined
  return {
    type: "DisruptionAllowed",
    status,
    reason: allowed ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration,
    lastTransitionTime: since ?? formatTime(nowMs),
  }
}
