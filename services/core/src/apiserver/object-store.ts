import { setImmediate } from "node:timers/promises"
import { type AnyObject, StatusError } from "@wick/sdk/api"
import type { Clock } from "@wick/sdk/clock"
import { type Compare, keyOfText, prefixEnd, type Storage, TooLargeError } from "#store"
import { type Entry, entryOf } from "./entry.ts"
import { encodeStored } from "./object-bytes.ts"
import { RecentTexts } from "./recent-texts.ts"
import { qualified, type ServedResource, storedResource } from "./served-resource.ts"
import { Turns } from "./turns.ts"
import { WarmObjects } from "./warm-objects.ts"
import { WatchCache } from "./watch-cache.ts"

/** Objects of the past that are read at a time: some milliseconds of work. */
const pastAtOnce = 500

/** A version of an object as it went into the store. */
interface Written {
  readonly revision: number
  readonly value: Uint8Array
}

/**
 * Objects of every resource in the store, under `/registry/<group or core>/<plural>/[<namespace>/]<name>`. Writes carry the
 * revision that they were decided on, so that nobody overwrites what he has not seen.
 */
export class ObjectStore {
  /** For work on many objects of the caches. */
  readonly turns = new Turns()
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #caches = new Map<string, WatchCache>()
  readonly #kept: { readonly warm: WarmObjects; readonly recent: RecentTexts }
  #isClosed = false

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage
    this.#clock = clock
    this.#kept = { warm: new WarmObjects(clock), recent: new RecentTexts() }
  }

  /** The resource's cache, loaded when it is first asked for. Versions of one resource share it. */
  cache(resource: ServedResource): WatchCache {
    const prefix = prefixOf(resource)
    let cache = this.#caches.get(prefix)
    if (!cache) {
      // Nobody would close it, and it would outlive its server.
      if (this.#isClosed) throw new StatusError("ServiceUnavailable", "the API server is shutting down")
      cache = new WatchCache(storedResource(resource), this.#storage, prefix, this.#clock, this.#kept)
      this.#caches.set(prefix, cache)
    }
    return cache
  }

  /** Objects of a resource that are in memory: a cache that nobody has asked for yet has none. */
  count(resource: ServedResource): number {
    return this.#caches.get(prefixOf(resource))?.size ?? 0
  }

  /** The resource is served differently from now on: its watches begin again. */
  renew(resource: ServedResource): void {
    this.#caches.get(prefixOf(resource))?.renew(resource)
  }

  /** Ends the watches of a resource that is no longer served. */
  drop(resource: ServedResource): void {
    const prefix = prefixOf(resource)
    this.#caches.get(prefix)?.close()
    this.#caches.delete(prefix)
  }

  async get(resource: ServedResource, namespace: string, name: string): Promise<Entry> {
    const found = await this.find(resource, namespace, name)
    if (!found) throw notFound(resource, name)
    return found
  }

  async find(resource: ServedResource, namespace: string, name: string): Promise<Entry | undefined> {
    const cache = this.cache(resource)
    await cache.fresh()
    return cache.get(keyOf(resource, namespace, name))
  }

  /** What there was at `revision` behind a key, some at a time, and how many are left behind those. */
  async *past(
    resource: ServedResource,
    namespace: string,
    { revision, after }: { readonly revision: number; readonly after: string },
  ): AsyncGenerator<{ readonly entries: readonly Entry[]; readonly left: number }> {
    const prefix = prefixOf(resource) + (namespace === "" ? "" : `${namespace}/`)
    const end = prefixEnd(prefix)
    // The first key behind another is that one with the smallest byte at its end.
    let key = after < prefix ? prefix : `${after}\0`
    for (;;) {
      const { kvs, count } = await this.#storage.range({ key, end, revision, limit: pastAtOnce })
      const origin = { resource: storedResource(resource) }
      const left = count - kvs.length
      yield { entries: kvs.map(({ key, value, modRevision }) => entryOf(origin, key, value, modRevision)), left }
      const last = kvs.at(-1)
      if (left === 0 || !last) return
      key = `${last.key}\0`
      // To read the past is work: others are answered in between.
      await setImmediate()
    }
  }

  async create(resource: ServedResource, object: AnyObject): Promise<Entry> {
    const { name = "", namespace = "" } = object.metadata
    const key = keyOf(resource, namespace, name)
    const { succeeded, ...written } = await this.#put({ key, target: "version", op: "=", value: 0 }, object)
    if (!succeeded) throw alreadyExists(resource, name)
    return this.#written(resource, key, written)
  }

  /** Replaces what was seen as `before`; Conflict when it has changed meanwhile. */
  async update(resource: ServedResource, before: Entry, object: AnyObject): Promise<Entry> {
    const { key, revision: seen } = before
    const { succeeded, ...written } = await this.#put({ key, target: "mod", op: "=", value: seen }, object)
    if (!succeeded) throw conflict(resource, before.name)
    return this.#written(resource, before.key, written)
  }

  /** Who owns which field is only noted beside an object: one that is too large with the note is stored without it. */
  async #put(only: Compare, object: AnyObject): Promise<Written & { readonly succeeded: boolean }> {
    const write = async (value: Uint8Array) => {
      const success = [{ kind: "put" as const, key: only.key, value }]
      const { succeeded, revision } = await this.#storage.txn({ compare: [only], success, failure: [] })
      return { succeeded, revision, value }
    }
    const { managedFields, ...metadata } = object.metadata
    return write(encodeStored(object)).catch((error: unknown) => {
      if (!(error instanceof TooLargeError) || !managedFields) throw error
      return write(encodeStored({ ...object, metadata } as AnyObject))
    })
  }

  async delete(resource: ServedResource, before: Entry): Promise<number> {
    const { succeeded, revision } = await this.#storage.txn({
      compare: [{ key: before.key, target: "mod", op: "=", value: before.revision }],
      success: [{ kind: "delete", key: before.key }],
      failure: [],
    })
    if (!succeeded) throw conflict(resource, before.name)
    await this.cache(resource).caughtUpTo(revision)
    return revision
  }

  close(): void {
    this.#isClosed = true
    for (const cache of this.#caches.values()) cache.close()
    this.#kept.warm.close()
  }

  /** What was just written, once everybody who reads here sees it; others may have changed or deleted it by then. */
  async #written(resource: ServedResource, key: string, { revision, value }: Written): Promise<Entry> {
    const cache = this.cache(resource)
    await cache.ready
    await cache.caughtUpTo(revision)
    const entry = cache.get(key)
    if (entry?.revision === revision) return entry
    return entryOf({ resource: storedResource(resource) }, key, value, revision)
  }
}

function prefixOf(resource: ServedResource): string {
  const { group, plural } = storedResource(resource)
  return `/registry/${group === "" ? "core" : group}/${plural}/`
}

/** Names of policy objects may be in any language; nearly none is. */
const isAscii = /^[\0-\x7f]*$/

function keyOf(resource: ServedResource, namespace: string, name: string): string {
  const path = resource.namespaced ? `${namespace}/${name}` : name
  return prefixOf(resource) + (isAscii.test(path) ? path : keyOfText(path))
}

export function notFound(resource: ServedResource, name: string): StatusError {
  const { group, plural } = resource
  return new StatusError("NotFound", `${qualified(resource)} "${name}" not found`, { name, group, kind: plural })
}

function alreadyExists(resource: ServedResource, name: string): StatusError {
  const { group, plural } = resource
  return new StatusError("AlreadyExists", `${qualified(resource)} "${name}" already exists`, {
    name,
    group,
    kind: plural,
  })
}

export function conflict(resource: ServedResource, name: string): StatusError {
  const { group, plural } = resource
  return new StatusError(
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    { name, group, kind: plural },
  )
}
