import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { countOf } from "@wick/sdk/api/meta/int-or-string"
import { parseTime } from "@wick/sdk/api/meta/time"

/** How far a rollout may stray from the wanted number of pods. */
export interface Slack {
  readonly surge: number
  readonly unavailable: number
}

const slackDefault = "25%"

/** Shares are rounded in favour of progress above and of availability below; both 0 would never move. */
export function slackOf({ spec }: Deployment): Slack {
  if (spec.strategy.type === "Recreate") return { surge: 0, unavailable: 0 }
  const { maxSurge = slackDefault, maxUnavailable = slackDefault } = spec.strategy.rollingUpdate ?? {}
  const surge = countOf(maxSurge, spec.replicas, "up") ?? 0
  const unavailable = countOf(maxUnavailable, spec.replicas, "down") ?? 0
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, spec.replicas) }
}

/** A set and the number of replicas that it should have. */
export interface Scaling {
  readonly set: ReplicaSet
  readonly replicas: number
}

export function total(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { spec }) => sum + spec.replicas, 0)
}

export function available(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0)
}

export function oldestFirst(sets: readonly ReplicaSet[]): ReplicaSet[] {
  return [...sets].sort((one, other) => {
    const age = parseTime(one.metadata.creationTimestamp) - parseTime(other.metadata.creationTimestamp)
    return age !== 0 ? age : one.metadata.name < other.metadata.name ? -1 : 1
  })
}

/** How many replicas the current set should have next, given what the others still have. */
export function nextCurrent(deployment: Deployment, current: number, others: number): number {
  const { replicas } = deployment.spec
  if (current >= replicas || deployment.spec.strategy.type === "Recreate") return replicas
  const room = replicas + slackOf(deployment).surge - current - others
  return current + Math.max(0, Math.min(room, replicas - current))
}

/**
 * Which old sets shrink next in a rolling update. Pods that do not serve anyway go first; then as many that do as the
 * rule of availability leaves room for.
 */
export function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  const sets = oldestFirst(old).filter(({ spec }) => spec.replicas > 0)
  if (sets.length === 0) return []
  const minAvailable = deployment.spec.replicas - slackOf(deployment).unavailable
  const currentMissing = current.spec.replicas - (current.status?.availableReplicas ?? 0)
  const spare = total([...sets, current]) - minAvailable - currentMissing
  if (spare <= 0) return []
  const left = new Map(sets.map((set) => [set, set.spec.replicas]))
  let idle = spare
  for (const set of sets) {
    const dead = set.spec.replicas - (set.status?.availableReplicas ?? 0)
    const removed = Math.max(0, Math.min(dead, idle))
    left.set(set, set.spec.replicas - removed)
    idle -= removed
  }
  let surplus = available([...sets, current]) - minAvailable
  for (const set of sets) {
    const now = left.get(set) ?? 0
    const removed = Math.max(0, Math.min(now, surplus))
    left.set(set, now - removed)
    surplus -= removed
  }
  return sets
    .map((set) => ({ set, replicas: left.get(set) ?? 0 }))
    .filter(({ set, replicas }) => replicas !== set.spec.replicas)
}

/**
 * A deployment that is scaled in the middle of a rollout: every set takes its share of the change in proportion to its
 * size, so the risk that the rollout has taken so far stays what it is. What rounding leaves goes to the largest.
 */
export function shareOut(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  wasOf: (set: ReplicaSet) => number,
): Scaling[] {
  const { replicas } = deployment.spec
  const allowed = replicas === 0 ? 0 : replicas + slackOf(deployment).surge
  const change = allowed - total(sets)
  if (change === 0) return sets.map((set) => ({ set, replicas: set.spec.replicas }))
  const bySize = (change > 0 ? oldestFirst(sets).reverse() : oldestFirst(sets)).sort(
    (one, other) => other.spec.replicas - one.spec.replicas,
  )
  let added = 0
  const shares = bySize.map((set) => {
    const before = wasOf(set)
    const whole = before === 0 ? set.spec.replicas : Math.round((set.spec.replicas * allowed) / before)
    const share = bounded(whole - set.spec.replicas, change - added)
    added += share
    return { set, replicas: set.spec.replicas + share }
  })
  const [largest, ...others] = shares
  if (!largest) return []
  return [{ ...largest, replicas: Math.max(0, largest.replicas + change - added) }, ...others]
}

/** `share`, but not further than `rest`, and never against its direction. */
function bounded(share: number, rest: number): number {
  return rest > 0 ? Math.max(0, Math.min(share, rest)) : Math.min(0, Math.max(share, rest))
}
