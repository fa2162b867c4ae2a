import type { Kind } from "@wick/sdk/api/kind"
import type { OwnerReference } from "@wick/sdk/api/meta/object-meta"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { must } from "@wick/sdk/assert"
import { type Change, createController, done, type Result, wakeAfter } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import type { Inventory, TrackedObject } from "../inventory/inventory.ts"
import { decide, type OwnerState, orphan, ownerState } from "./decide.ts"
import { Dependents } from "./dependents.ts"

const concurrency = 20
/** Until an owner is looked for again that is there and that no watch has told of yet. */
const unheardMs = 5_000
/** Owners that were found to be gone, by uid: asked once, however many dependents they had. */
const absentMax = 5_000

/** Deletes what belonged to an object that is gone. Keys are uids. */
export function startGarbageCollector(context: ControllerContext, inventory: Inventory): AsyncDisposable {
  const collector = new GarbageCollector(context, inventory)
  const { clock, log, metrics } = context
  return createController({
    name: "garbage-collector",
    clock,
    log,
    metrics,
    concurrency,
    watches: [
      { synced: inventory.synced, subscribe: (wake) => inventory.onChange((change) => collector.take(change, wake)) },
    ],
    reconcile: (uid, signal) => collector.reconcile(uid, signal),
  })
}

class GarbageCollector {
  readonly #context: ControllerContext
  readonly #inventory: Inventory
  readonly #dependents = new Dependents()
  readonly #absent = new Set<string>()

  constructor(context: ControllerContext, inventory: Inventory) {
    this.#context = context
    this.#inventory = inventory
  }

  /** Keeps the dependents up to date, and wakes whoever the change concerns: the object, its owners, its dependents. */
  take({ before, after }: Change<TrackedObject>, wake: (uid: string) => void): void {
    const uid = must(after ?? before, "a change has an object").uid
    for (const owner of before?.owners ?? []) this.#dependents.unlink(owner.uid, uid)
    for (const owner of after?.owners ?? []) this.#dependents.link(owner.uid, uid)
    if (after && (after.owners.length > 0 || after.deleting)) wake(uid)
    for (const owner of [...(before?.owners ?? []), ...(after?.owners ?? [])]) {
      if (this.#inventory.get(owner.uid)?.deleting) wake(owner.uid)
    }
    if (after === undefined || after.deleting) for (const dependent of this.#dependents.of(uid)) wake(dependent)
  }

  async reconcile(uid: string, signal: AbortSignal): Promise<Result> {
    const object = this.#inventory.get(uid)
    if (!object) return done
    const owners = await Promise.all(
      object.owners.map(async (reference) => ({ reference, state: await this.#stateOf(object, reference, signal) })),
    )
    const dependents = this.#dependentsOf(uid)
    const verdict = decide({ object, owners, dependents })
    const isUnheard = owners.some(({ reference, state }) => state === "solid" && this.#isUnheard(object, reference))
    try {
      if (verdict.kind === "delete") await this.#delete(object, verdict.policy)
      else if (verdict.kind === "forget-owners") await this.#forgetOwners(object, verdict.uids)
      else if (verdict.kind === "orphan-dependents") await this.#orphanDependents(object, dependents)
      else if (verdict.kind === "release") await this.#release(object, verdict.finalizer)
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
    return isUnheard ? wakeAfter(unheardMs) : done
  }

  /** Of one that is there and was never heard of the end may not be heard of either: a kind is listed as it is then. */
  #isUnheard(object: TrackedObject, reference: OwnerReference): boolean {
    if (this.#inventory.get(reference.uid) !== undefined) return false
    const kind = this.#inventory.kindOf(reference)
    return kind !== undefined && mayOwn(kind, object)
  }

  /** An owner that is not known is asked for: its watch may be behind, or it may never have been. */
  async #stateOf(object: TrackedObject, reference: OwnerReference, signal: AbortSignal): Promise<OwnerState> {
    const known = this.#inventory.get(reference.uid)
    if (known) return ownerState(known)
    if (this.#absent.has(reference.uid)) return "absent"
    const kind = this.#inventory.kindOf(reference)
    if (!kind) throw new Error(`owner ${reference.kind} ${reference.name} is of a kind that is not served`)
    if (!mayOwn(kind, object)) return "solid"
    try {
      const namespace = kind.namespaced ? { namespace: object.namespace } : {}
      const found = await this.#context.client.get(kind, { name: reference.name, ...namespace }, { signal })
      if (found.metadata.uid === reference.uid) return "solid"
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
    this.#absent.add(reference.uid)
    if (this.#absent.size > absentMax) for (const oldest of this.#absent) return this.#forgetAbsent(oldest)
    return "absent"
  }

  #forgetAbsent(uid: string): OwnerState {
    this.#absent.delete(uid)
    return "absent"
  }

  async #delete(object: TrackedObject, propagationPolicy: "Background" | "Foreground" | "Orphan"): Promise<void> {
    const preconditions = { uid: object.uid }
    await this.#context.client.delete(object.kind, referenceOf(object), { propagationPolicy, preconditions })
  }

  async #forgetOwners(object: TrackedObject, uids: readonly string[]): Promise<void> {
    const rest = object.owners.filter(({ uid }) => !uids.includes(uid))
    await this.#patchMetadata(object, { ownerReferences: rest.length === 0 ? null : rest })
  }

  async #orphanDependents(object: TrackedObject, dependents: readonly TrackedObject[]): Promise<void> {
    const freed = dependents.map(async (dependent) => {
      try {
        await this.#forgetOwners(dependent, [object.uid])
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error
      }
    })
    await Promise.all(freed)
    await this.#release(object, orphan)
  }

  async #release(object: TrackedObject, finalizer: string): Promise<void> {
    await this.#patchMetadata(object, { finalizers: object.finalizers.filter((other) => other !== finalizer) })
  }

  async #patchMetadata(object: TrackedObject, metadata: object): Promise<void> {
    const { uid } = object
    const body = { metadata: { uid, resourceVersion: this.#inventory.versionOf(object), ...metadata } }
    await this.#context.client.patch(object.kind, referenceOf(object), { type: "merge", body })
  }

  #dependentsOf(uid: string): TrackedObject[] {
    return [...this.#dependents.of(uid)].flatMap((dependent) => this.#inventory.get(dependent) ?? [])
  }
}

function referenceOf({ name, namespace }: TrackedObject): { name: string; namespace?: string } {
  return namespace === "" ? { name } : { name, namespace }
}

/** An object of the cluster cannot belong to one of a namespace: such a reference says nothing. */
function mayOwn(kind: Kind, object: TrackedObject): boolean {
  return !kind.namespaced || object.namespace !== ""
}
