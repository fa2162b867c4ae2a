import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { StatefulSet } from "@wick/sdk/api/apps/stateful-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { ReplicationController } from "@wick/sdk/api/core/replication-controller"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import {
  createController,
  done,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { controllerOf } from "../owner.ts"
import { isEnded } from "../pod-state.ts"
import { statusPatch } from "../status-patch.ts"
import { countBudget } from "./decide.ts"

/** Counts for every disruption budget how many of its pods may be taken away; evictions ask its status. */
export function startDisruption(context: ControllerContext): AsyncDisposable {
  const { informers, clock, log, metrics } = context
  const budgets = informers(PodDisruptionBudget)
  const pods = informers(Pod)
  const world: World = {
    budgets,
    pods,
    ReplicaSet: informers(ReplicaSet),
    Deployment: informers(Deployment),
    StatefulSet: informers(StatefulSet),
    ReplicationController: informers(ReplicationController),
  }
  const ofNamespace = (namespace: string | undefined): string[] => budgets.list(namespace).map(keyOf)
  const ofPod = (pod: Pod): string[] =>
    budgets
      .list(pod.metadata.namespace)
      .filter((budget) => selects(budget, pod))
      .map(keyOf)
  return createController({
    name: "disruption-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(budgets, (change) => [keyOf(subject(change))]),
      // A pod may leave a budget by its labels alone.
      watchOf(pods, ({ before, after }) => new Set([before, after].flatMap((pod) => (pod ? ofPod(pod) : [])))),
      watchOf(world.Deployment, (change) => ofNamespace(subject(change).metadata.namespace)),
      watchOf(world.StatefulSet, (change) => ofNamespace(subject(change).metadata.namespace)),
    ],
    reconcile: (key) => reconcile(context, world, key),
  })
}

interface World {
  readonly budgets: Informer<typeof PodDisruptionBudget>
  readonly pods: Informer<typeof Pod>
  readonly ReplicaSet: Informer<typeof ReplicaSet>
  readonly Deployment: Informer<typeof Deployment>
  readonly StatefulSet: Informer<typeof StatefulSet>
  readonly ReplicationController: Informer<typeof ReplicationController>
}

async function reconcile({ client, clock }: ControllerContext, world: World, key: string): Promise<Result> {
  const { name, namespace = "" } = splitKey(key)
  const budget = world.budgets.get(name, namespace)
  if (!budget) return done
  const selected = world.pods.list(namespace).filter((pod) => selects(budget, pod) && !isEnded(pod))
  const { status, againInMs } = countBudget(budget, selected, scaleOf(world, selected), clock.now())
  const patch = statusPatch(budget.status, status)
  if (patch) {
    const { resourceVersion } = budget.metadata
    // Against an eviction that has taken from the budget meanwhile: it is counted again from there.
    const body = { ...patch, metadata: { resourceVersion } }
    const options = { subresource: "status" as const }
    await client.patch(PodDisruptionBudget, { name, namespace }, { type: "merge", body }, options).catch((error) => {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error
    })
  }
  return againInMs === undefined ? done : wakeAfter(againInMs)
}

function selects({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean {
  return spec.selector !== undefined && matches(spec.selector, metadata.labels)
}

/** Pods that there should be: what the controllers of these pods ask for, each controller once. */
function scaleOf(world: World, pods: readonly Pod[]): number {
  const scales = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    if (!owner) continue
    const { uid, replicas } = rootOf(world, pod.metadata.namespace ?? "", owner.kind, owner.name) ?? {}
    if (uid !== undefined) scales.set(uid, replicas ?? 1)
  }
  return [...scales.values()].reduce((sum, scale) => sum + scale, 0)
}

function rootOf(
  world: World,
  namespace: string,
  kind: string,
  name: string,
): { uid: string; replicas: number | undefined } | undefined {
  if (kind === "ReplicaSet") {
    const set = world.ReplicaSet.get(name, namespace)
    const owner = set && controllerOf(set)
    if (owner?.kind === "Deployment") return rootOf(world, namespace, owner.kind, owner.name)
    return set && { uid: set.metadata.uid, replicas: set.spec.replicas }
  }
  if (kind !== "Deployment" && kind !== "StatefulSet" && kind !== "ReplicationController") return undefined
  const found = world[kind].get(name, namespace)
  return found && { uid: found.metadata.uid, replicas: found.spec?.replicas }
}
