import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { causeAnnotation } from "@wick/sdk/tracing"
import { slackOf } from "./replica-counts.ts"

const prefix = "deployment.kubernetes.io/"
export const revisionAnnotation = `${prefix}revision`
const historyAnnotation = `${prefix}revision-history`
/** What the deployment wanted, and at most had, when the set was last scaled. */
const desiredAnnotation = `${prefix}desired-replicas`
const mostAnnotation = `${prefix}max-replicas`

/** Annotations that are the deployment's own and are not handed down to its sets. */
const own = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  mostAnnotation,
  causeAnnotation,
])

/** Numbers that the history of a set may hold. */
const historyMax = 20

export function revisionOf({ metadata }: ReplicaSet | Deployment): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0) || 0
}

/** The annotations that the current set should have: the deployment's, and the set's own with its revision. */
export function currentAnnotations(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Record<string, string> {
  const handedDown = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !own.has(name))
  const latest = old.reduce((most, set) => Math.max(most, revisionOf(set)), 0)
  const before = current ? revisionOf(current) : 0
  const revision = Math.max(before, latest + 1)
  const kept = Object.fromEntries(Object.entries(current?.metadata.annotations ?? {}).filter(([name]) => own.has(name)))
  const history = before > 0 && revision !== before ? [kept[historyAnnotation], before].filter(Boolean) : []
  return {
    ...Object.fromEntries(handedDown),
    ...kept,
    ...(history.length > 0 && { [historyAnnotation]: history.join(",").split(",").slice(-historyMax).join(",") }),
    [revisionAnnotation]: String(revision),
  }
}

export function scaleAnnotations(deployment: Deployment): Record<string, string> {
  const { replicas } = deployment.spec
  return { [desiredAnnotation]: String(replicas), [mostAnnotation]: String(replicas + slackOf(deployment).surge) }
}

export function desiredThen({ metadata }: ReplicaSet): number | undefined {
  const value = metadata.annotations?.[desiredAnnotation]
  return value === undefined ? undefined : Number(value)
}

/** The most pods that there were allowed to be when the set was last scaled: what its share is a share of. */
export function mostThen(set: ReplicaSet, deployment: Deployment): number {
  const value = Number(set.metadata.annotations?.[mostAnnotation])
  return value > 0 ? value : (deployment.status?.replicas ?? 0)
}
