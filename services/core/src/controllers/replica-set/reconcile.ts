import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import type { NewOf } from "@wick/sdk/api/kind"
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
  soonest,
  splitKey,
  Untold,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { freshCause, traceparentOf } from "@wick/sdk/tracing"
import type { ControllerContext } from "../context.ts"
import { adoptionPatch, claim, controllerOf, controllerReference, ownerIndexes, releasePatch } from "../owner.ts"
import { statusPatch } from "../status-patch.ts"
import { decide, decideStatus, type Failure, isPassing, type Observation } from "./decide.ts"
import { PendingPods } from "./pending-pods.ts"

const component = "replicaset-controller"
const concurrency = 16
/** Pods that are made side by side at first; twice as many after each batch that went well. A quota is met softly. */
const firstBatch = 4
/** What of a set may be over soon is told after so long. */
const untoldMsMax = 2_000

/** Keeps as many pods alive as each ReplicaSet asks for. */
export function startReplicaSets(context: ControllerContext): AsyncDisposable {
  return new ReplicaSets(context)
}

class ReplicaSets implements AsyncDisposable {
  readonly #context: ControllerContext
  readonly #sets: Informer<typeof ReplicaSet>
  readonly #pods: Informer<typeof Pod>
  readonly #pending: PendingPods
  readonly #untold: Untold
  readonly #events: EventRecorder
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    const { client, clock, informers, log, metrics } = context
    this.#context = context
    this.#sets = informers(ReplicaSet, { indexes: ownerIndexes })
    this.#pods = informers(Pod, { indexes: ownerIndexes })
    this.#pending = new PendingPods(this.#pods)
    this.#untold = new Untold(clock, untoldMsMax)
    this.#events = createEventRecorder({ client, clock, log, component })
    this.#controller = createController({
      name: component,
      clock,
      log,
      metrics,
      concurrency,
      watches: [
        watchOf(this.#sets, ({ before, after }) => this.#setChanged(before, after)),
        watchOf(this.#pods, (change) => this.#keysOf(change)),
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
    await this.#events[Symbol.asyncDispose]()
  }

  #setChanged(before: ReplicaSet | undefined, after: ReplicaSet | undefined): string[] {
    if (before && before.metadata.uid !== after?.metadata.uid) {
      this.#pending.forget(before.metadata.uid)
      this.#untold.forget(before.metadata.uid)
    }
    return after ? [keyOf(after)] : []
  }

  /** The sets that a pod belongs to, belonged to, or could belong to. */
  #keysOf({ before, after }: Change<Pod>): Set<string> {
    const keys = new Set<string>()
    for (const pod of [before, after]) {
      if (!pod) continue
      const owner = controllerOf(pod)
      if (owner?.kind === ReplicaSet.kind) keys.add(`${pod.metadata.namespace}/${owner.name}`)
      if (owner || pod !== after) continue
      for (const set of this.#sets.list(pod.metadata.namespace)) {
        if (matches(set.spec.selector, pod.metadata.labels)) keys.add(keyOf(set))
      }
    }
    return keys
  }

  async #reconcile(key: string): Promise<Result> {
    const { name, namespace } = splitKey(key)
    const set = this.#sets.get(name, namespace)
    if (!set) return done
    const adopted = await this.#claim(set)
    const { create, remove } = decide(this.#observe(set, adopted))
    const failure = (await this.#create(set, create)) ?? (await this.#remove(set, remove))
    // Pods that come and go wake us again: the status is written then, once, instead of twice.
    if (!failure && create + remove.length > 0) return done
    return await this.#writeStatus(set, failure)
  }

  /** Everything in one moment: were the pods read before what is pending, one that came between would be missed. */
  #observe(set: ReplicaSet, adopted: readonly Pod[]): Observation {
    const { uid } = set.metadata
    const owned = this.#pods.byIndex("byController", uid)
    const wanted = owned.filter((pod) => matches(set.spec.selector, pod.metadata.labels))
    const known = new Set(wanted.map((pod) => pod.metadata.uid))
    const pods = [...wanted, ...adopted.filter((pod) => !known.has(pod.metadata.uid))]
    return { set, pods, unseen: this.#pending.unseenCount(uid), leaving: this.#pending.leavingUids(uid) }
  }

  /** Takes in what is nobody's and lets go what is not wanted; returns what was taken. */
  async #claim(set: ReplicaSet): Promise<Pod[]> {
    const { uid, namespace = "" } = set.metadata
    const orphans = this.#pods.byIndex("orphans", namespace)
    const { adopt, release } = claim(set, this.#pods.byIndex("byController", uid), orphans)
    const reference = controllerReference(ReplicaSet, set)
    const taken = Promise.all(adopt.map((pod) => this.#patch(pod, adoptionPatch(pod, reference))))
    await Promise.all(release.map((pod) => this.#patch(pod, releasePatch(pod, uid))))
    // Of one that was gone already no event wakes this set: it was nobody's.
    const isTaken = await taken
    return adopt.filter((_, at) => isTaken[at])
  }

  /** False: it is gone, or another owner was faster. */
  async #patch(pod: Pod, body: object): Promise<boolean> {
    try {
      await this.#context.client.patch(Pod, referenceOf(pod), { type: "merge", body })
      return true
    } catch (error) {
      if (!isStatus(error, "NotFound", "Invalid")) throw error
      return false
    }
  }

  async #create(set: ReplicaSet, count: number): Promise<Failure | undefined> {
    if (count === 0) return undefined
    const cause = freshCause(set)
    const { name, namespace = "" } = set.metadata
    const attributes = { "k8s.replicaset.name": name, "k8s.namespace.name": namespace, "wick.pods": count }
    const span = this.#context.tracing?.tracer?.within("create Pods", cause, { attributes })
    const context = span?.context ?? cause
    const failure = await this.#createMany(set, count, context ? { traceparent: traceparentOf(context) } : {})
    if (failure) span?.fail(failure.message)
    span?.end()
    return failure
  }

  async #createMany(set: ReplicaSet, count: number, options: WriteOptions): Promise<Failure | undefined> {
    let left = count
    for (let batch = firstBatch; left > 0; batch *= 2) {
      const size = Math.min(batch, left)
      const failures = await Promise.all(Array.from({ length: size }, () => this.#createOne(set, options)))
      left -= size
      const failure = failures.find((one) => one !== undefined)
      if (failure) return failure
    }
    return undefined
  }

  async #createOne(set: ReplicaSet, options: WriteOptions): Promise<Failure | undefined> {
    try {
      const pod = await this.#context.client.create(Pod, desiredPod(set), options)
      this.#pending.made(set.metadata.uid, pod)
      const message = `Created pod: ${pod.metadata.name}`
      this.#events.record(set, { type: "Normal", reason: "SuccessfulCreate", message })
      return undefined
    } catch (error) {
      // Nothing is made in a namespace that goes; the set goes with it.
      if (isNamespaceTerminating(error)) return undefined
      const message = error instanceof Error ? error.message : String(error)
      this.#events.record(set, { type: "Warning", reason: "FailedCreate", message: `Error creating: ${message}` })
      return { reason: "FailedCreate", message }
    }
  }

  async #remove(set: ReplicaSet, pods: readonly Pod[]): Promise<Failure | undefined> {
    const failures = await Promise.all(pods.map((pod) => this.#removeOne(set, pod)))
    return failures.find((one) => one !== undefined)
  }

  async #removeOne(set: ReplicaSet, pod: Pod): Promise<Failure | undefined> {
    const { name, uid } = pod.metadata
    this.#pending.leaving(set.metadata.uid, pod)
    try {
      await this.#context.client.delete(Pod, referenceOf(pod), { preconditions: { uid } })
      this.#events.record(set, { type: "Normal", reason: "SuccessfulDelete", message: `Deleted pod: ${name}` })
      return undefined
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined
      this.#pending.stays(set.metadata.uid, pod)
      // Another pod of that name, of which the watch tells, or others wrote at the same time: both are looked at again.
      if (isStatus(error, "Conflict")) throw error
      const message = error instanceof Error ? error.message : String(error)
      this.#events.record(set, { type: "Warning", reason: "FailedDelete", message: `Error deleting: ${message}` })
      return { reason: "FailedDelete", message }
    }
  }

  /** From the newest that the cache has: what was just made or removed is on its way and will wake us again. */
  async #writeStatus(set: ReplicaSet, failure: Failure | undefined): Promise<Result> {
    const { name, namespace, uid } = set.metadata
    const current = this.#sets.get(name, namespace)
    if (!current || current.metadata.uid !== uid) return done
    const observation = this.#observe(current, [])
    const { status, wakeAfterMs } = decideStatus(observation, failure, this.#context.clock.now())
    const body = statusPatch(current.status, status)
    const next = wakeAfterMs === undefined ? done : wakeAfter(wakeAfterMs)
    const leftMs = body && isPassing(current, status) ? this.#untold.leftMs(uid) : 0
    if (leftMs > 0) return soonest(next, wakeAfter(leftMs))
    this.#untold.forget(uid)
    if (body) {
      const patch = { type: "merge", body: { metadata: { uid }, ...body } } as const
      await this.#context.client
        .patch(ReplicaSet, referenceOf(set), patch, { subresource: "status" })
        .catch((error) => {
          // It was deleted meanwhile: its event is on its way.
          if (!isStatus(error, "NotFound")) throw error
        })
    }
    // A refusal may have been a passing one: the backoff of the queue decides when to try again.
    if (failure) throw new Error(`${failure.reason}: ${failure.message}`)
    return next
  }
}

function desiredPod(set: ReplicaSet): NewOf<typeof Pod> {
  const template = must(set.spec.template, "a ReplicaSet has a template")
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(ReplicaSet, set)],
    },
    spec: template.spec,
  }
}

function referenceOf({ metadata }: Pod | ReplicaSet): { name: string; namespace: string } {
  return { name: metadata.name, namespace: must(metadata.namespace, "pods and their sets live in a namespace") }
}
