import type { Deployment, DeploymentCondition, DeploymentStatus } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { formatTime, parseTime } from "@wick/sdk/api/meta/time"
import { available, slackOf } from "./replica-counts.ts"

export interface StatusPlan {
  readonly status: DeploymentStatus
  /** When the lack of progress will have become a failure. */
  readonly wakeAfterMs: number | undefined
}

export interface StatusInput {
  readonly deployment: Deployment
  readonly current: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
  /** A current set was made just now, under this name. */
  readonly createdName: string | undefined
  readonly nowMs: number
}

interface Judgement extends Pick<DeploymentCondition, "status" | "reason" | "message"> {
  /** Says the same as before, but of a new step: the moment counts anew. */
  readonly stepped?: boolean
}

/** A value that no rollout with a deadline reaches: kubectl writes it for "none". */
const noDeadline = 2 ** 31 - 1

export function decideStatus(input: StatusInput): StatusPlan {
  const { deployment, current, old, nowMs } = input
  const sets = current ? [current, ...old] : [...old]
  const count = (of: (status: NonNullable<ReplicaSet["status"]>) => number | undefined): number =>
    sets.reduce((sum, { status }) => sum + ((status && of(status)) ?? 0), 0)
  const counts: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    replicas: count(({ replicas }) => replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: count(({ readyReplicas }) => readyReplicas),
    availableReplicas: available(sets),
    unavailableReplicas: Math.max(0, sets.reduce((sum, { spec }) => sum + spec.replicas, 0) - available(sets)),
    terminatingReplicas: count(({ terminatingReplicas }) => terminatingReplicas),
    collisionCount: deployment.status?.collisionCount,
  }
  const before = deployment.status?.conditions
  const failure = failureOf(sets)
  const conditions = [
    condition(before, "Available", availability(deployment, available(sets)), nowMs),
    condition(before, "Progressing", progress(input, counts), nowMs),
    ...(failure ? [condition(before, "ReplicaFailure", failure, nowMs)] : []),
  ]
  const status: DeploymentStatus = { ...counts, conditions: inOrderOf(before, conditions) }
  return { status, wakeAfterMs: deadlineAfterMs(deployment, conditions, nowMs) }
}

function availability(deployment: Deployment, count: number): Judgement {
  const enough = count >= deployment.spec.replicas - slackOf(deployment).unavailable
  return enough
    ? { status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      }
}

/**
 * What can be said of the rollout, first that applies:
 * complete → NewReplicaSetAvailable · paused → DeploymentPaused · moved since the last look, or its set is new →
 * ReplicaSetUpdated, NewReplicaSetCreated · late → ProgressDeadlineExceeded · else what was said before.
 */
function progress({ deployment, current, createdName, nowMs }: StatusInput, counts: DeploymentStatus): Judgement {
  const { spec, status } = deployment
  const name = current?.metadata.name ?? createdName
  const of = name === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${name}"`
  const before = findCondition(status?.conditions, "Progressing")
  if (spec.paused) return { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" }
  if (createdName !== undefined) {
    return { status: "True", reason: "NewReplicaSetCreated", message: `Created new replica set "${createdName}"` }
  }
  if (isComplete(deployment, counts)) {
    return { status: "True", reason: "NewReplicaSetAvailable", message: `${of} has successfully progressed.` }
  }
  // A finished rollout that merely lost a pod has not begun anew: only pods of another template say so.
  const settled = before?.reason === "NewReplicaSetAvailable" && counts.replicas === counts.updatedReplicas
  if (before && settled) return judgementOf(before)
  const known = before && before.reason !== "DeploymentPaused"
  if (!known || hasMoved(status, counts) || before.reason === "NewReplicaSetAvailable") {
    return { status: "True", reason: "ReplicaSetUpdated", message: `${of} is progressing.`, stepped: true }
  }
  if (isLate(deployment, before, nowMs)) {
    return { status: "False", reason: "ProgressDeadlineExceeded", message: `${of} has timed out progressing.` }
  }
  return judgementOf(before)
}

function judgementOf({ status, reason, message }: DeploymentCondition): Judgement {
  return { status, reason, message }
}

function isComplete({ spec }: Deployment, counts: DeploymentStatus): boolean {
  const { replicas } = spec
  return (
    counts.updatedReplicas === replicas && counts.replicas === replicas && (counts.availableReplicas ?? 0) >= replicas
  )
}

function hasMoved(before: DeploymentStatus | undefined, counts: DeploymentStatus): boolean {
  const oldThen = (before?.replicas ?? 0) - (before?.updatedReplicas ?? 0)
  const oldNow = (counts.replicas ?? 0) - (counts.updatedReplicas ?? 0)
  return (
    (counts.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    oldNow < oldThen ||
    (counts.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  )
}

function isLate({ spec }: Deployment, before: DeploymentCondition, nowMs: number): boolean {
  if (before.reason === "ProgressDeadlineExceeded") return true
  const sinceMs = parseTime(before.lastUpdateTime ?? before.lastTransitionTime ?? formatTime(nowMs))
  return spec.progressDeadlineSeconds < noDeadline && nowMs >= sinceMs + spec.progressDeadlineSeconds * 1000
}

function deadlineAfterMs(
  { spec }: Deployment,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): number | undefined {
  const progressing = findCondition(conditions, "Progressing")
  const running = progressing?.status === "True" && progressing.reason !== "NewReplicaSetAvailable"
  if (!running || spec.progressDeadlineSeconds >= noDeadline || !progressing.lastUpdateTime) return undefined
  return Math.max(1, parseTime(progressing.lastUpdateTime) + spec.progressDeadlineSeconds * 1000 - nowMs)
}

function failureOf(sets: readonly ReplicaSet[]): Judgement | undefined {
  const failures = sets.flatMap(({ status }) => findCondition(status?.conditions, "ReplicaFailure") ?? [])
  const failure = failures.find(({ status }) => status === "True")
  return failure && { status: "True", reason: failure.reason, message: failure.message }
}

/** The condition as it was when it says the same; else with the times that follow from what changed. */
function condition(
  all: readonly DeploymentCondition[] | undefined,
  type: string,
  judgement: Judgement,
  nowMs: number,
): DeploymentCondition {
  const before = findCondition(all, type)
  const { status, reason, message, stepped } = judgement
  const same = before?.status === status && before.reason === reason && before.message === message
  if (same && !stepped) return before
  const now = formatTime(nowMs)
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now
  return { type, status, lastUpdateTime: now, lastTransitionTime, reason, message }
}

/** Conditions keep their places, so that a status which says nothing new is equal to the one before. */
function inOrderOf(
  before: readonly DeploymentCondition[] | undefined,
  conditions: DeploymentCondition[],
): DeploymentCondition[] {
  const place = (type: string): number => {
    const index = (before ?? []).findIndex((known) => known.type === type)
    return index < 0 ? Number.MAX_SAFE_INTEGER : index
  }
  return conditions.sort((one, other) => place(one.type) - place(other.type))
}
