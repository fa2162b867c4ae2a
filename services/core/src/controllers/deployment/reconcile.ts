import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
import { must } from "@wick/sdk/assert"
import type { WriteOptions } from "@wick/sdk/client"
import {
  type Change,
  type Controller,
  createController,
  createEventRecorder,
  done,
  type EventRecorder,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { freshCause, traceparentOf } from "@wick/sdk/tracing"
import type { ControllerContext } from "../context.ts"
import { adoptionPatch, claim, controllerOf, controllerReference, ownerIndexes, releasePatch } from "../owner.ts"
import { isEnded } from "../pod-state.ts"
import { statusPatch } from "../status-patch.ts"
import { decide, type Plan, type SetChange } from "./decide.ts"
import { revisionAnnotation } from "./revision.ts"
import { hasTemplate } from "./template-hash.ts"

const component = "deployment-controller"
const concurrency = 16

/** Rolls every Deployment's pods over to its template, one ReplicaSet per template. */
export function startDeployments(context: ControllerContext): AsyncDisposable {
  return new Deployments(context)
}

class Deployments implements AsyncDisposable {
  readonly #context: ControllerContext
  readonly #deployments: Informer<typeof Deployment>
  readonly #sets: Informer<typeof ReplicaSet>
  readonly #pods: Informer<typeof Pod>
  readonly #events: EventRecorder
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    const { client, clock, informers, log, metrics } = context
    this.#context = context
    this.#deployments = informers(Deployment)
    this.#sets = informers(ReplicaSet, { indexes: ownerIndexes })
    this.#pods = informers(Pod, { indexes: ownerIndexes })
    this.#events = createEventRecorder({ client, clock, log, component })
    this.#controller = createController({
      name: component,
      clock,
      log,
      metrics,
      concurrency,
      watches: [
        watchOf(this.#deployments, ({ after }) => (after ? [keyOf(after)] : [])),
        watchOf(this.#sets, (change) => this.#keysOfSet(change)),
        watchOf(this.#pods, (change) => this.#keysOfPod(change)),
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
    await this.#events[Symbol.asyncDispose]()
  }

  #keysOfSet({ before, after }: Change<ReplicaSet>): Set<string> {
    const keys = new Set<string>()
    for (const set of [before, after]) {
      if (!set) continue
      const owner = controllerOf(set)
      if (owner?.kind === Deployment.kind) keys.add(`${set.metadata.namespace}/${owner.name}`)
      if (owner || set !== after) continue
      for (const deployment of this.#deployments.list(set.metadata.namespace)) {
        if (matches(deployment.spec.selector, set.metadata.labels)) keys.add(keyOf(deployment))
      }
    }
    return keys
  }

  /** Only the end of a pod matters here, to one who waits for all old pods to be gone. */
  #keysOfPod({ before, after }: Change<Pod>): string[] {
    if (!before || (after && !isEnded(after))) return []
    const owner = controllerOf(before)
    const set = owner && this.#sets.get(owner.name, before.metadata.namespace)
    const deployment = set && controllerOf(set)
    if (deployment?.kind !== Deployment.kind) return []
    const found = this.#deployments.get(deployment.name, before.metadata.namespace)
    return found?.spec.strategy.type === "Recreate" ? [keyOf(found)] : []
  }

  async #reconcile(key: string): Promise<Result> {
    const { name, namespace } = splitKey(key)
    const deployment = this.#deployments.get(name, namespace)
    if (!deployment) return done
    const sets = await this.#claim(deployment)
    const livePods = (set: ReplicaSet): number =>
      this.#pods.byIndex("byController", set.metadata.uid).filter((pod) => !isEnded(pod)).length
    const plan = decide({ deployment, sets, livePods }, this.#context.clock.now())
    await this.#apply(deployment, plan, sets.some(isUnderWay))
    return plan.wakeAfterMs === undefined ? done : wakeAfter(plan.wakeAfterMs)
  }

  async #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const { uid, namespace = "" } = deployment.metadata
    const orphans = this.#sets.byIndex("orphans", namespace)
    const { owned, adopt, release } = claim(deployment, this.#sets.byIndex("byController", uid), orphans)
    const reference = controllerReference(Deployment, deployment)
    const taken = Promise.all(adopt.map((set) => this.#patchSet(set, adoptionPatch(set, reference))))
    await Promise.all(release.map((set) => this.#patchSet(set, releasePatch(set, uid))))
    // Of one that was gone already no event wakes this deployment: it was nobody's.
    const isTaken = await taken
    return [...owned, ...adopt.filter((_, at) => isTaken[at])]
  }

  async #apply(deployment: Deployment, plan: Plan, isUnderWay: boolean): Promise<void> {
    const cause = freshCause(deployment)
    const resizes = plan.create !== undefined || plan.change.some(({ replicas }) => replicas !== undefined)
    const { name, namespace = "" } = deployment.metadata
    const attributes = { "k8s.deployment.name": name, "k8s.namespace.name": namespace }
    const span = resizes ? this.#context.tracing?.tracer?.within("scale Deployment", cause, { attributes }) : undefined
    const context = span?.context ?? cause
    const options = context ? { traceparent: traceparentOf(context) } : {}
    if (plan.create && !(await this.#create(deployment, plan.create, options))) return
    await Promise.all(plan.change.map((change) => this.#change(deployment, change, options)))
    span?.end()
    await Promise.all(plan.remove.map((set) => this.#remove(set)))
    const { uid } = deployment.metadata
    if (plan.revision !== undefined) {
      const body = { metadata: { uid, annotations: { [revisionAnnotation]: plan.revision } } }
      await this.#patch(deployment, body)
    }
    // A set that is resized, or made without pods, wakes us again when it has seen to that: the status is written then, once.
    const isSoonTold = plan.create === undefined ? resizes : plan.create.spec.replicas === 0
    if (!isSoonTold && !isUnderWay) await this.#writeStatus(deployment, statusPatch(deployment.status, plan.status))
  }

  async #writeStatus(deployment: Deployment, status: object | undefined): Promise<void> {
    if (!status) return
    await this.#patch(deployment, { metadata: { uid: deployment.metadata.uid }, ...status }, "status")
  }

  /** One that was deleted meanwhile needs nothing any more: its event is on its way. */
  async #patch(deployment: Deployment, body: object, subresource?: "status"): Promise<void> {
    const options = subresource ? { subresource } : {}
    try {
      await this.#context.client.patch(Deployment, referenceOf(deployment), { type: "merge", body }, options)
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
  }

  /** Whether the rest of the plan may be carried out. The name comes from the template, so making it twice is safe. */
  async #create(deployment: Deployment, wanted: NonNullable<Plan["create"]>, options: WriteOptions): Promise<boolean> {
    const { client } = this.#context
    const ownerReferences = [controllerReference(Deployment, deployment)]
    try {
      await client.create(ReplicaSet, { ...wanted, metadata: { ...wanted.metadata, ownerReferences } }, options)
      this.#scaled(deployment, wanted.metadata.name, 0, wanted.spec.replicas ?? 0)
      return true
    } catch (error) {
      if (isNamespaceTerminating(error)) return false
      if (!isStatus(error, "AlreadyExists")) throw error
    }
    const { name, namespace } = wanted.metadata
    const existing = await client.get(ReplicaSet, { name, namespace })
    const ours = controllerOf(existing)?.uid === deployment.metadata.uid
    // Ours: the cache was late, and its event is on its way. Nobody's: it will be adopted.
    if ((ours || !controllerOf(existing)) && hasTemplate(existing, deployment.spec.template)) return false
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
    await this.#writeStatus(deployment, { status: { collisionCount } })
    return false
  }

  async #change(
    deployment: Deployment,
    { set, replicas, annotations, minReadySeconds }: SetChange,
    options: WriteOptions,
  ): Promise<void> {
    const spec = {
      ...(replicas !== undefined && { replicas }),
      ...(minReadySeconds !== undefined && { minReadySeconds }),
    }
    const { uid, resourceVersion, name } = set.metadata
    const metadata = { uid, resourceVersion, ...(annotations && { annotations }) }
    await this.#patchSet(set, { metadata, ...(Object.keys(spec).length > 0 && { spec }) }, options)
    if (replicas !== undefined) this.#scaled(deployment, name, set.spec.replicas, replicas)
  }

  #scaled(deployment: Deployment, set: string, from: number, to: number): void {
    if (from === to) return
    const message = `Scaled ${to > from ? "up" : "down"} replica set ${set} from ${from} to ${to}`
    this.#events.record(deployment, { type: "Normal", reason: "ScalingReplicaSet", message })
  }

  /** False: it is gone. */
  async #patchSet(set: ReplicaSet, body: object, options: WriteOptions = {}): Promise<boolean> {
    try {
      await this.#context.client.patch(ReplicaSet, referenceOf(set), { type: "merge", body }, options)
      return true
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
      return false
    }
  }

  async #remove(set: ReplicaSet): Promise<void> {
    const { uid, resourceVersion } = set.metadata
    try {
      await this.#context.client.delete(ReplicaSet, referenceOf(set), { preconditions: { uid, resourceVersion } })
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
  }
}

function referenceOf({ metadata }: Deployment | ReplicaSet): { name: string; namespace: string } {
  return { name: metadata.name, namespace: must(metadata.namespace, "deployments and their sets live in a namespace") }
}

/** Its size was changed and its controller has not said yet what that made of it. */
function isUnderWay({ metadata, status }: ReplicaSet): boolean {
  return metadata.deletionTimestamp === undefined && (status?.observedGeneration ?? 0) < (metadata.generation ?? 0)
}
