import type { ReplicaSet, ReplicaSetStatus } from "@wick/sdk/api/apps/replica-set"
import type { Pod } from "@wick/sdk/api/core/pod"
import { findCondition, withCondition } from "@wick/sdk/api/meta/condition"
import { formatTime } from "@wick/sdk/api/meta/time"
import { desiredThen } from "../deployment/revision.ts"
import { availableAtMs, isActive, isEnded, isReady, isTerminating } from "../pod-state.ts"
import { deletionOrder } from "./deletion-order.ts"

export interface Observation {
  readonly set: ReplicaSet
  /** Pods of the set, as the cache has them. */
  readonly pods: readonly Pod[]
  /** Pods that we made and that the cache does not have yet. */
  readonly unseen: number
  /** Uids of pods that we asked to go and that the cache still has as they were. */
  readonly leaving: ReadonlySet<string>
}

/** Why the last creation or deletion was refused. */
export interface Failure {
  readonly reason: "FailedCreate" | "FailedDelete"
  readonly message: string
}

export interface Plan {
  readonly create: number
  readonly remove: readonly Pod[]
}

/** Pods made or removed by one reconcile at most; the rest follows at once in the next. */
const burstMax = 500

/** What must be done so that as many pods live as there should. A set that is being deleted makes none. */
export function decide({ set, pods, unseen, leaving }: Observation): Plan {
  if (set.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] }
  const living = pods.filter((pod) => isActive(pod) && !leaving.has(pod.metadata.uid))
  const missing = set.spec.replicas - living.length - unseen
  if (missing >= 0) return { create: Math.min(missing, burstMax), remove: [] }
  return { create: 0, remove: deletionOrder(living).slice(0, Math.min(-missing, burstMax)) }
}

export interface StatusPlan {
  readonly status: ReplicaSetStatus
  /** When a ready pod will have become available. */
  readonly wakeAfterMs: number | undefined
}

export function decideStatus(
  { set, pods, leaving }: Observation,
  failure: Failure | undefined,
  nowMs: number,
): StatusPlan {
  const living = pods.filter((pod) => isActive(pod) && !leaving.has(pod.metadata.uid))
  const { minReadySeconds = 0, template } = set.spec
  const labels = Object.entries(template?.metadata?.labels ?? {})
  const availableAt = living.flatMap((pod) => availableAtMs(pod, minReadySeconds) ?? [])
  const later = availableAt.filter((ms) => ms > nowMs)
  const status: ReplicaSetStatus = {
    replicas: living.length,
    fullyLabeledReplicas: living.filter(({ metadata }) =>
      labels.every(([key, value]) => metadata.labels?.[key] === value),
    ).length,
    readyReplicas: living.filter(isReady).length,
    availableReplicas: availableAt.length - later.length,
    terminatingReplicas: pods.filter((pod) => isTerminating(pod) && !isEnded(pod)).length,
    observedGeneration: set.metadata.generation,
    conditions: conditionsAfter(set.status, failure, nowMs),
  }
  return { status, wakeAfterMs: later.length === 0 ? undefined : Math.min(...later) - nowMs }
}

/**
 * Whether what there is to tell of a set is over soon most often: pods of it are coming, and whether they are ready tells of
 * them too; or all of its Deployment's are going. Who waits for others in their place, or for room, hears of it at once.
 */
export function isPassing(set: ReplicaSet, status: ReplicaSetStatus): boolean {
  const hasFailed = [set.status, status].some((one) => (one?.conditions ?? []).length > 0)
  return !hasFailed && (isComing(set.status, status) || isGoing(set, status))
}

function isComing(before: ReplicaSetStatus | undefined, status: ReplicaSetStatus): boolean {
  const isAsBefore = (["readyReplicas", "availableReplicas", "terminatingReplicas"] as const).every(
    (name) => (before?.[name] ?? 0) === (status[name] ?? 0),
  )
  return isAsBefore && status.replicas > Math.max(before?.replicas ?? 0, status.readyReplicas ?? 0)
}

function isGoing(set: ReplicaSet, status: ReplicaSetStatus): boolean {
  return set.spec.replicas === 0 && desiredThen(set) === 0 && (status.terminatingReplicas ?? 0) > 0
}

function conditionsAfter(
  before: ReplicaSetStatus | undefined,
  failure: Failure | undefined,
  nowMs: number,
): ReplicaSetStatus["conditions"] {
  const others = (before?.conditions ?? []).filter(({ type }) => type !== "ReplicaFailure")
  if (failure) {
    const { reason, message } = failure
    const told = findCondition(before?.conditions, "ReplicaFailure")
    // Every attempt has its own words, with the name of its own pod: to tell them all would wake us for the next at once.
    if (told?.status === "True" && told.reason === reason) return before?.conditions
    return withCondition(
      before?.conditions,
      { type: "ReplicaFailure", status: "True", reason, message },
      formatTime(nowMs),
    )
  }
  return others.length === 0 ? undefined : others
}
