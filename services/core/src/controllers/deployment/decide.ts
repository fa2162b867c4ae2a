import type { Deployment, DeploymentStatus } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import type { NewOf } from "@wick/sdk/api/kind"
import { decideStatus } from "./decide-status.ts"
import { available, nextCurrent, oldestFirst, type Scaling, shareOut, shrinkOld, total } from "./replica-counts.ts"
import {
  currentAnnotations,
  desiredThen,
  mostThen,
  revisionAnnotation,
  revisionOf,
  scaleAnnotations,
} from "./revision.ts"
import { hashLabel, hasTemplate, templateHash } from "./template-hash.ts"

export interface Observation {
  readonly deployment: Deployment
  /** The deployment's sets. */
  readonly sets: readonly ReplicaSet[]
  /** Pods of a set that have not come to their end yet, terminating ones counted. */
  readonly livePods: (set: ReplicaSet) => number
}

/** A set that changes: what is absent stays. */
export interface SetChange {
  readonly set: ReplicaSet
  readonly replicas?: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly minReadySeconds?: number
}

type NewSet = Omit<NewOf<typeof ReplicaSet>, "metadata"> & {
  metadata: NewOf<typeof ReplicaSet>["metadata"] & { name: string; namespace: string }
}

/** In this order: sets are made and changed, old ones removed, then the deployment says where it stands. */
export interface Plan {
  readonly create: NewSet | undefined
  readonly change: readonly SetChange[]
  readonly remove: readonly ReplicaSet[]
  /** Revision that the deployment's annotation should tell, when it does not yet. */
  readonly revision: string | undefined
  readonly status: DeploymentStatus
  readonly wakeAfterMs: number | undefined
}

/**
 * One look at the whole: which set is current, how many pods every set should have next, which ones nobody needs any
 * more. Every step is small enough to be right on its own; the changes that it causes bring the next one.
 */
export function decide(observation: Observation, nowMs: number): Plan {
  const { deployment, sets } = observation
  const current = oldestFirst(sets).find((set) => hasTemplate(set, deployment.spec.template))
  const old = oldestFirst(sets).filter((set) => set !== current)
  if (deployment.metadata.deletionTimestamp !== undefined) return standstill(deployment, current, old, nowMs)
  const scalings = scale(observation, current, old)
  const create = current || !mayCreate(observation, old) ? undefined : newSet(deployment, old)
  const createdName = create?.metadata.name
  const { status, wakeAfterMs } = decideStatus({ deployment, current, old, createdName, nowMs })
  const revision = create?.metadata.annotations?.[revisionAnnotation] ?? revisionText(deployment, current, old)
  return {
    create,
    change: changes(deployment, current, old, scalings),
    remove: surplusHistory(deployment, current, old),
    revision: revision === deployment.metadata.annotations?.[revisionAnnotation] ? undefined : revision,
    status,
    wakeAfterMs,
  }
}

function standstill(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  nowMs: number,
): Plan {
  const { status } = decideStatus({ deployment, current, old, createdName: undefined, nowMs })
  return { create: undefined, change: [], remove: [], revision: undefined, status, wakeAfterMs: undefined }
}

/** How many replicas every set should have next; sets that stay are left out, unless their annotations are late. */
function scale(observation: Observation, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling[] {
  const { deployment } = observation
  const { paused, replicas, strategy } = deployment.spec
  const sets = current ? [...old, current] : [...old]
  const active = sets.filter(({ spec }) => spec.replicas > 0)
  const rescaled = active.some((set) => desiredThen(set) !== undefined && desiredThen(set) !== replicas)
  if (paused || rescaled) return rescale(deployment, current, old, active)
  if (!current) return strategy.type === "Recreate" ? old.map((set) => ({ set, replicas: 0 })) : []
  if (strategy.type === "Recreate") return recreate(observation, current, old)
  const next = nextCurrent(deployment, current.spec.replicas, total(old))
  if (next !== current.spec.replicas) return [{ set: current, replicas: next }]
  return shrinkOld(deployment, current, old)
}

/** The wanted number has changed, or the deployment is paused: the sets keep their proportions. */
function rescale(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  active: readonly ReplicaSet[],
): Scaling[] {
  const { replicas, strategy } = deployment.spec
  const only = active.length > 1 ? undefined : (active[0] ?? current ?? old.at(-1))
  if (only) return [{ set: only, replicas }]
  const saturated =
    current !== undefined &&
    current.spec.replicas === replicas &&
    desiredThen(current) === replicas &&
    available([current]) === replicas
  if (saturated) return active.filter((set) => set !== current).map((set) => ({ set, replicas: 0 }))
  if (strategy.type === "Recreate") return []
  return shareOut(deployment, active, (set) => mostThen(set, deployment))
}

/** First the old pods go, all of them and to their very end; then the new ones come. */
function recreate({ deployment, livePods }: Observation, current: ReplicaSet, old: readonly ReplicaSet[]): Scaling[] {
  if (total(old) > 0) return old.map((set) => ({ set, replicas: 0 }))
  if (old.some((set) => livePods(set) > 0)) return []
  return [{ set: current, replicas: deployment.spec.replicas }]
}

function mayCreate({ deployment, livePods }: Observation, old: readonly ReplicaSet[]): boolean {
  if (deployment.spec.paused) return false
  return deployment.spec.strategy.type !== "Recreate" || (total(old) === 0 && old.every((set) => livePods(set) === 0))
}

function newSet(deployment: Deployment, old: readonly ReplicaSet[]): NewSet {
  const hash = templateHash(deployment)
  const { name, namespace = "" } = deployment.metadata
  const { template, selector, minReadySeconds } = deployment.spec
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: { ...currentAnnotations(deployment, undefined, old), ...scaleAnnotations(deployment) },
    },
    spec: {
      replicas: nextCurrent(deployment, 0, total(old)),
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Joins what a set needs by its size with what the current one needs by its annotations. */
function changes(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  scalings: readonly Scaling[],
): SetChange[] {
  const sizes = new Map(scalings.map(({ set, replicas }) => [set, replicas]))
  return (current ? [...old, current] : [...old]).flatMap((set) => {
    const replicas = sizes.get(set) ?? set.spec.replicas
    const wanted = {
      ...(set === current ? currentAnnotations(deployment, set, old) : set.metadata.annotations),
      ...(sizes.has(set) && scaleAnnotations(deployment)),
    }
    const known = set.metadata.annotations ?? {}
    const annotated = Object.entries(wanted).some(([name, value]) => known[name] !== value)
    const { minReadySeconds = 0 } = deployment.spec
    const change: SetChange = {
      set,
      ...(replicas !== set.spec.replicas && { replicas }),
      ...(annotated && { annotations: wanted }),
      ...(set === current && minReadySeconds !== (set.spec.minReadySeconds ?? 0) && { minReadySeconds }),
    }
    return Object.keys(change).length > 1 ? [change] : []
  })
}

function revisionText(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): string | undefined {
  return current && currentAnnotations(deployment, current, old)[revisionAnnotation]
}

/** Old sets without pods beyond the history that is kept, oldest first; nothing while a rollout is under way. */
function surplusHistory(
  { spec, status }: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): ReplicaSet[] {
  const finished =
    current !== undefined && status?.updatedReplicas === spec.replicas && status.replicas === spec.replicas
  if (!finished) return []
  const idle = old.filter(
    (set) =>
      set.spec.replicas === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0) &&
      set.metadata.deletionTimestamp === undefined,
  )
  const byRevision = [...idle].sort((one, other) => revisionOf(one) - revisionOf(other))
  return byRevision.slice(0, Math.max(0, idle.length - spec.revisionHistoryLimit))
}
