import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import type { Kind, KindOf } from "@wick/sdk/api/kind"
import type { ObjectMeta } from "@wick/sdk/api/meta/object-meta"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import {
  type Change,
  type Controller,
  createController,
  createInformer,
  done,
  type Informer,
  type Result,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { discoverKinds } from "./discovery.ts"
import { isSame, sharedOwners, type TrackedObject, tracked } from "./tracked-object.ts"

export type { TrackedObject }

/** Events belong to nobody and are many: they are not followed. */
const ignored = new Set(["events", "events.events.k8s.io"])
/** Kinds that other controllers of this process follow whole anyway: one watch serves all. */
const followedWhole = new Set([
  "pods",
  "nodes",
  "services",
  "endpoints",
  "namespaces",
  "serviceaccounts",
  "replicasets.apps",
  "deployments.apps",
  "endpointslices.discovery.k8s.io",
  "customresourcedefinitions.apiextensions.k8s.io",
  "apiservices.apiregistration.k8s.io",
])

/** A server of others that did not answer is asked again when its APIService changes, and after this while. */
const askAgainMs = 30_000

interface Followed {
  readonly kind: Kind
  readonly informer: Informer<Kind>
  stop(): Promise<void>
}

/**
 * All objects of all kinds, by uid, kept up to date by watches; custom kinds come and go with their definitions. Of
 * most only the metadata is kept.
 */
export class Inventory implements AsyncDisposable {
  readonly #context: ControllerContext
  readonly #followed = new Map<string, Followed>()
  readonly #objects = new Map<string, TrackedObject>()
  readonly #namespaces = new Map<string, Set<string>>()
  readonly #listeners = new Set<(change: Change<TrackedObject>) => void>()
  readonly #controller: Controller
  readonly #apiServices: Informer<typeof APIService>
  #failed: readonly string[] = []
  readonly #failedListeners = new Set<() => void>()
  /** Resolves when every kind of this server's own that was there at the start has been listed. */
  readonly synced: Promise<void>
  #markSynced: () => void = () => {}

  constructor(context: ControllerContext) {
    const { clock, informers, log, metrics } = context
    this.#context = context
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve
    })
    this.#apiServices = informers(APIService)
    this.#controller = createController({
      name: "inventory",
      clock,
      log,
      metrics,
      watches: [
        watchOf(informers(CustomResourceDefinition), () => ["kinds"]),
        watchOf(this.#apiServices, ({ before, after }) => (isRemote(before) || isRemote(after) ? ["kinds"] : [])),
      ],
      reconcile: (_key, signal) => this.#refresh(signal),
    })
    this.#controller.wake("kinds")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
    await Promise.all([...this.#followed.values()].map((followed) => followed.stop()))
  }

  get(uid: string): TrackedObject | undefined {
    return this.#objects.get(uid)
  }

  /** The version that an object is known in. Conflict when it is known otherwise by now: what follows from it may not be right. */
  versionOf(object: TrackedObject): string {
    const { kind, uid, name, namespace } = object
    const informer = this.#followed.get(kindKey(kind))?.informer
    const version = informer?.get(name, namespace)?.metadata.resourceVersion
    if (version !== undefined && this.#objects.get(uid) === object) return version
    throw new StatusError("Conflict", `${kind.plural} "${name}" has changed meanwhile`)
  }

  /** Objects of a namespace, those excepted that belong to no kind that is followed. */
  inNamespace(namespace: string): TrackedObject[] {
    return [...(this.#namespaces.get(namespace) ?? [])].flatMap((uid) => this.#objects.get(uid) ?? [])
  }

  kinds(): Kind[] {
    return [...this.#followed.values()].map(({ kind }) => kind)
  }

  /** Versions of groups that cannot be looked into, because the server that answers for them does not. */
  failed(): readonly string[] {
    return this.#failed
  }

  onFailedChange(listener: () => void): () => void {
    this.#failedListeners.add(listener)
    return () => this.#failedListeners.delete(listener)
  }

  kindOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Kind | undefined {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : ""
    // An owner may be named in another version than the one that is followed.
    return this.kinds().find((known) => known.kind === kind && known.group === group)
  }

  onChange(listener: (change: Change<TrackedObject>) => void): () => void {
    for (const after of this.#objects.values()) listener({ after })
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #refresh(signal: AbortSignal): Promise<Result> {
    const remote = new Set(this.#apiServices.list().filter(isRemote).map(groupVersion))
    const { kinds, failed } = await discoverKinds(this.#context.client, remote, signal)
    const isChanged = failed.join() !== this.#failed.join()
    this.#failed = failed
    const wanted = new Map(kinds.map((kind) => [kindKey(kind), kind]))
    for (const [key, followed] of this.#followed) {
      if (wanted.has(key) || failed.includes(followed.kind.apiVersion)) continue
      this.#followed.delete(key)
      await followed.stop()
    }
    for (const [key, kind] of wanted) {
      if (!this.#followed.has(key) && !ignored.has(resourceName(kind))) this.#followed.set(key, this.#follow(kind))
    }
    // Nobody here can say when another server will answer.
    const own = [...this.#followed.values()].filter(({ kind }) => !remote.has(kind.apiVersion))
    await Promise.race([Promise.all(own.map(({ informer }) => informer.synced)), aborted(signal)])
    this.#markSynced()
    if (isChanged) for (const listener of this.#failedListeners) listener()
    return failed.length > 0 ? wakeAfter(askAgainMs) : done
  }

  #follow(kind: Kind): Followed {
    const { client, clock, informers, log } = this.#context
    const whole = followedWhole.has(resourceName(kind))
    const own = whole ? undefined : createInformer(client, kind, { trim: metadataOnly }, clock, log)
    const informer: Informer<Kind> = own ?? informers(kind)
    const undo = informer.onChange((change) => this.#take(kind, change as Change<{ metadata: ObjectMeta }>))
    return {
      kind,
      informer,
      stop: async () => {
        undo()
        for (const { metadata } of informer.list()) this.#take(kind, { before: { metadata } })
        await own?.[Symbol.asyncDispose]()
      },
    }
  }

  #take(kind: Kind, { before, after }: Change<{ metadata: ObjectMeta }>): void {
    const replaced = before && before.metadata.uid !== after?.metadata.uid
    if (replaced) this.#remove(before.metadata.uid ?? "")
    if (after) this.#put(kind, after.metadata)
  }

  #put(kind: Kind, metadata: ObjectMeta): void {
    const { uid = "" } = metadata
    const before = this.#objects.get(uid)
    const seen = tracked(kind, metadata)
    if (before?.kind === kind && isSame(before, seen)) return
    const after = { ...seen, owners: sharedOwners(seen.owners, this.#objects), asOwner: before?.asOwner }
    this.#objects.set(uid, after)
    const neighbours = this.#namespaces.get(after.namespace)
    if (neighbours) neighbours.add(uid)
    else this.#namespaces.set(after.namespace, new Set([uid]))
    for (const listener of this.#listeners) listener(before ? { before, after } : { after })
  }

  #remove(uid: string): void {
    const before = this.#objects.get(uid)
    if (!before) return
    this.#objects.delete(uid)
    const neighbours = this.#namespaces.get(before.namespace)
    neighbours?.delete(uid)
    if (neighbours?.size === 0) this.#namespaces.delete(before.namespace)
    for (const listener of this.#listeners) listener({ before })
  }
}

function metadataOnly(object: KindOf<Kind>): KindOf<Kind> {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = object.metadata
  const metadata = { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp }
  return { apiVersion: object.apiVersion, kind: object.kind, metadata } as unknown as KindOf<Kind>
}

function isRemote(service: APIService | undefined): boolean {
  return service?.spec?.service !== undefined
}

function groupVersion({ spec }: APIService): string {
  return `${spec?.group}/${spec?.version}`
}

function kindKey(kind: Kind): string {
  return `${kind.apiVersion}/${kind.plural}`
}

/** `pods`, `deployments.apps` */
function resourceName({ plural, group }: Kind): string {
  return group === "" ? plural : `${plural}.${group}`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
}
