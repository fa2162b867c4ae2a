import type { Kind, KindOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { assert } from "../assert.ts"
import type { Client, Selecting, WatchEvent } from "../client/client.ts"
import { listPath, watchPath } from "../client/create-client.ts"
import {
  type Held,
  readSharedWatch,
  type SharedEvent,
  type SharedList,
  SharedObject,
  sharedListOf,
  sharedWatchOf,
} from "../client/shared-objects.ts"
import { readWatch } from "../client/watch-stream.ts"
import type { Clock } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"
import { Cache, type CachedObject, compareVersions, type IndexFunction } from "./cache.ts"
import { CatchUp } from "./catch-up.ts"
import type { Change, Informer } from "./informer.ts"

export interface InformerOptions<Item> extends Selecting {
  /**
   * What is wanted of each object: a new and smaller one, which is kept, or made anew of a shared object when it is looked at.
   * None has managedFields.
   */
  readonly trim?: (item: Item) => Item
  /** Functions by which `byIndex` finds objects. */
  readonly indexes?: Readonly<Record<string, IndexFunction<Item>>>
  /** Told when the objects could not be followed, before that is tried again: whoever needs them no more disposes of the informer. */
  readonly onFailure?: () => void
}

/** Objects per page of a list: bounds what the server holds at once. */
const pageSize = 500
/** The server is asked to end a watch after this time, so that watches spread over its members again. */
const watchSeconds = 540
/** A watch without a byte for this long is taken for lost: servers send a bookmark about each minute. */
const idleMsMax = 150_000
/** A watch that ends sooner than this without an event did not work, whatever the server says. */
const livelyMsMin = 1_000
const backoffMsMin = 50
const backoffMsMax = 5_000

export function createInformer<K extends Kind>(
  client: Client,
  kind: K,
  options: InformerOptions<KindOf<K>>,
  clock: Clock,
  log: Log,
): LiveInformer<K> {
  return new LiveInformer(client, kind, options, clock, log)
}

/** List, then watch from there, for ever; relists only when the server no longer knows the version that we are at. */
export class LiveInformer<K extends Kind> implements Informer<K> {
  readonly kind: K
  readonly synced: Promise<void>
  readonly #client: Client
  readonly #options: InformerOptions<KindOf<K>>
  readonly #clock: Clock
  readonly #log: Log
  readonly #cache: Cache<KindOf<K>>
  readonly #listeners = new Set<(change: Change<KindOf<K>>) => void>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  readonly #catchUp: CatchUp
  /** Where the cache is; "" before the first list. */
  #version = ""
  /** The present watch has lived: it brought something, or lasted as long as a watch should. */
  #alive = false
  #markSynced: () => void = () => {}

  constructor(client: Client, kind: K, options: InformerOptions<KindOf<K>>, clock: Clock, log: Log) {
    this.kind = kind
    this.#client = client
    this.#options = options
    this.#cache = new Cache(options.trim)
    this.#clock = clock
    this.#log = log.with({ informer: kind.plural })
    this.addIndexes(options.indexes)
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve
    })
    this.#catchUp = new CatchUp(clock, {
      present: () => this.#presentVersion(),
      seen: () => this.#version,
      merge: () => this.#list(),
    })
    this.#running = this.#run()
  }

  get(name: string, namespace?: string): KindOf<K> | undefined {
    return this.#cache.get(name, namespace)
  }

  list(namespace?: string): KindOf<K>[] {
    return this.#cache.list(namespace)
  }

  byIndex(index: string, value: string): KindOf<K>[] {
    return this.#cache.byIndex(index, value)
  }

  addIndexes(indexes: InformerOptions<KindOf<K>>["indexes"]): void {
    for (const [name, values] of Object.entries(indexes ?? {})) this.#cache.addIndex(name, values)
  }

  onChange(listener: (change: Change<KindOf<K>>) => void): () => void {
    for (const change of this.#cache.additions()) this.#tell(listener, change)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  hasSeen(resourceVersion: string): boolean {
    return compareVersions(this.#version, resourceVersion) >= 0
  }

  async caughtUp(signal?: AbortSignal): Promise<void> {
    await this.synced
    await this.#catchUp.wait(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#listeners.clear()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    let expired = true
    while (!signal.aborted) {
      this.#alive = false
      try {
        if (expired) await this.#list()
        expired = false
        await this.#watch()
        failures = this.#alive ? 0 : failures + 1
        if (failures > 1) await this.#pause(failures)
      } catch (error) {
        if (signal.aborted) return
        this.#options.onFailure?.()
        if (signal.aborted) return
        if (this.#alive) failures = 0
        expired ||= isStatus(error, "Expired", "Gone")
        await this.#afterFailure(error, failures++)
      }
    }
  }

  /** One line per trouble, then a growing pause. A version that has expired is ordinary: list again at once. */
  async #afterFailure(error: unknown, failures: number): Promise<void> {
    if (failures === 0 && isStatus(error, "Expired", "Gone")) return
    this.#log.warn("cannot follow the objects; trying again", { error: messageOf(error), failures })
    await this.#pause(failures)
  }

  async #pause(failures: number): Promise<void> {
    const waitMs = Math.min(backoffMsMin * 2 ** failures, backoffMsMax)
    await this.#clock.sleep(waitMs, this.#stop.signal).catch(() => {})
  }

  /** The whole state, page by page, merged into the cache. */
  async #list(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    const selection = {
      ...(namespace && { namespace }),
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
    }
    const items: Held<KindOf<K>>[] = []
    let version = ""
    let next = ""
    do {
      const path = listPath(this.kind, { ...selection, limit: pageSize, ...(next && { continue: next }) })
      const page = await this.#page(path)
      for (const item of page.items) items.push(this.#kept(item as Held<KindOf<K>>))
      version = page.metadata.resourceVersion ?? ""
      next = page.metadata.continue ?? ""
    } while (next !== "")
    // Items of a list carry no type of their own; consumers may expect one.
    for (const item of items as (SharedObject | { apiVersion?: string; kind?: string })[]) {
      if (item instanceof SharedObject) continue
      item.apiVersion ??= this.kind.apiVersion
      item.kind ??= this.kind.kind
    }
    const changes = this.#cache.replace(items, version)
    this.#advance(version)
    this.#markSynced()
    this.#publish(changes)
  }

  async #page(path: string): Promise<SharedList> {
    const response = await this.#client.request(path, { signal: this.#stop.signal }, { shared: true })
    return sharedListOf(response) ?? ((await response.json()) as SharedList)
  }

  /** Follows one watch to its end. */
  async #watch(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    const connection = new AbortController()
    const signal = AbortSignal.any([this.#stop.signal, connection.signal])
    const path = watchPath(this.kind, {
      ...(namespace && { namespace }),
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
      resourceVersion: this.#version,
      allowWatchBookmarks: true,
      timeoutSeconds: watchSeconds,
    })
    const startedMs = this.#clock.monotonic()
    const guard = new IdleGuard(this.#clock, () => connection.abort(new Error("the watch was silent for too long")))
    try {
      const response = await this.#client.request(path, { signal }, { shared: true })
      for await (const events of this.#eventsOf(response, signal)) {
        guard.touch()
        this.#alive = true
        this.#take(events)
      }
    } finally {
      this.#alive ||= this.#clock.monotonic() - startedMs >= livelyMsMin
      guard.stop()
    }
  }

  async *#eventsOf(response: Response, signal: AbortSignal): AsyncGenerator<SharedEvent<KindOf<K>>[], void> {
    const shared = sharedWatchOf(response)
    if (shared) return yield* readSharedWatch<KindOf<K>>(shared, signal)
    assert(response.body, "a watch is answered with a body")
    for await (const events of readWatch<KindOf<K>>(response.body, signal)) yield events.map(eventOf)
  }

  #take(events: readonly SharedEvent<KindOf<K>>[]): void {
    const changes: Change<KindOf<K>>[] = []
    let version = this.#version
    for (const { type, held, resourceVersion } of events) {
      if (compareVersions(resourceVersion, version) > 0) version = resourceVersion
      if (type === "BOOKMARK" || held === undefined) continue
      const change =
        type === "DELETED" ? this.#cache.removeLike(held, resourceVersion) : this.#cache.put(this.#kept(held))
      if (change) changes.push(change)
    }
    this.#advance(version)
    this.#publish(changes)
  }

  /**
   * Who owns which field is often half of an object, and of no use to whoever decides. A server takes an object that says
   * nothing of it for one that leaves it as it is, so one that was kept may be written back whole. What is shared is the
   * server's, which has it once whatever is wanted of it: it is trimmed when it is looked at.
   */
  #kept(held: Held<KindOf<K>>): Held<KindOf<K>> {
    if (held instanceof SharedObject) return held
    delete held.metadata.managedFields
    return this.#options.trim ? this.#options.trim(held) : held
  }

  #advance(version: string): void {
    if (compareVersions(version, this.#version) <= 0) return
    this.#version = version
    this.#catchUp.progressed()
  }

  #publish(changes: readonly Change<KindOf<K>>[]): void {
    for (const change of changes) for (const listener of this.#listeners) this.#tell(listener, change)
  }

  /** A listener that throws is a bug of its owner; the others must hear all the same. */
  #tell(listener: (change: Change<KindOf<K>>) => void, change: Change<KindOf<K>>): void {
    try {
      listener(change)
    } catch (error) {
      this.#log.error("a listener threw", { error })
    }
  }

  async #presentVersion(): Promise<string> {
    const response = await this.#client.request(listPath(this.kind, { limit: 1 }), { signal: this.#stop.signal })
    const list = (await response.json()) as { metadata: { resourceVersion?: string } }
    return list.metadata.resourceVersion ?? ""
  }
}

/** Calls `onIdle` when `touch` was not called for `idleMsMax`. One slow timer; a touch costs a clock reading. */
class IdleGuard {
  readonly #clock: Clock
  readonly #onIdle: () => void
  #touchedMs: number
  #timer: { cancel(): void }

  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock
    this.#onIdle = onIdle
    this.#touchedMs = clock.monotonic()
    this.#timer = clock.timer(idleMsMax, () => this.#check())
  }

  touch(): void {
    this.#touchedMs = this.#clock.monotonic()
  }

  stop(): void {
    this.#timer.cancel()
  }

  #check(): void {
    const idleMs = this.#clock.monotonic() - this.#touchedMs
    if (idleMs >= idleMsMax) this.#onIdle()
    else this.#timer = this.#clock.timer(idleMsMax - idleMs, () => this.#check())
  }
}

function eventOf<Item extends CachedObject>(event: WatchEvent<Item>): SharedEvent<Item> {
  const { resourceVersion = "" } = event.object.metadata
  return event.type === "BOOKMARK"
    ? { type: event.type, resourceVersion }
    : { type: event.type, held: event.object, resourceVersion }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
