import { setImmediate } from "node:timers/promises"
import { StatusError } from "@wick/sdk/api"
import type { Clock, Timer } from "@wick/sdk/clock"
import { prefixEnd, StoppedError, type Storage, type StoreEvent, type Watch, type WatchBatch } from "#store"
import { type Entry, entryOf, type Origin } from "./entry.ts"
import { type Follower, Followers, type Scope } from "./followers.ts"
import type { RecentTexts } from "./recent-texts.ts"
import type { Selection } from "./selection.ts"
import type { ServedResource } from "./served-resource.ts"
import type { WarmObjects } from "./warm-objects.ts"

/** An event as it goes out in one form. */
interface Line {
  readonly type: string
  readonly encoding: string
  readonly bytes: Buffer
}

export type SeenAs = "ADDED" | "MODIFIED" | "DELETED"

/** One write, encoded at most once for each type that a watcher may see it as. */
export class CachedEvent {
  readonly revision: number
  readonly before: Entry | undefined
  readonly after: Entry | undefined
  /** A few: there are not many forms. Absent while nobody has asked for one, as for most events in the history. */
  #lines: Line[] | undefined

  constructor(revision: number, before: Entry | undefined, after: Entry | undefined) {
    this.revision = revision
    this.before = before
    this.after = after
  }

  /** What a watcher of `selection` sees: an object that leaves it is deleted for it, one that enters is added. */
  seenBy(selection: Selection): SeenAs | undefined {
    const { before, after } = this
    const was = before !== undefined && selection(before)
    // Most writes change nothing that is selected by.
    const is = after !== undefined && (before && saysTheSame(before, after) ? was : selection(after))
    if (is) return was ? "MODIFIED" : "ADDED"
    return was ? "DELETED" : undefined
  }

  /** The bytes that the event's object is made from. */
  stored(type: string): Buffer {
    return ((type === "DELETED" ? this.before : this.after) ?? this.after ?? this.before)?.bytes ?? Buffer.alloc(0)
  }

  /** The object of the event: a deleted one as it last was, with the revision of its deletion. */
  object(type: string): Buffer {
    if (type !== "DELETED" && this.after) return this.after.bytes
    if (!this.before) return this.after?.bytes ?? Buffer.alloc(0)
    const text = this.before.bytes.toString("utf8")
    return Buffer.from(text.replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${this.revision}"`))
  }

  /** Forgets the encoded lines: whoever was watching has them, and who comes later asks seldom. */
  release(): void {
    this.#lines = undefined
  }

  /** Bytes that keeping the event keeps. */
  get size(): number {
    return this.after?.size ?? this.before?.size ?? 0
  }

  /** The event as it goes out, written once for all watchers of one encoding. */
  line(type: SeenAs, encoding: string, write: (type: string, object: Buffer) => Buffer): Buffer {
    this.#lines ??= []
    for (const line of this.#lines) if (line.type === type && line.encoding === encoding) return line.bytes
    const bytes = write(type, this.object(type))
    this.#lines.push({ type, encoding, bytes })
    return bytes
  }
}

/** Texts that stayed are the very same, for a new entry takes those of the one before it. */
function saysTheSame(before: Entry, after: Entry): boolean {
  return before.labels === after.labels && before.fields === after.fields
}

/** Where in entries, which are in the order of their keys, the first stands that is not before `key`. */
export function firstFrom(entries: readonly Entry[], key: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle] as Entry).key >= key) high = middle
    else low = middle + 1
  }
  return low
}

export function watchLine(type: string, object: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, Buffer.from("}\n")])
}

export interface Watched {
  /** Somebody was just told of the present revision. */
  onPresent?(): void
  onLost(): void
}

/** A watcher of everything. */
export interface Watcher extends Watched {
  onEvent(event: CachedEvent): void
}

/** Objects that are read into a cache at a time: some milliseconds of work. */
const loadedAtOnce = 500
/** Events that are kept for watchers that come back: as many writes may pass while a client reconnects. */
const historyMax = 4_000
/** And never more bytes of objects than this, however large they are. */
const historyBytesMax = 8 * 1024 * 1024
/** Who comes back does so within this time: events are forgotten when they are between once and twice as old. */
const historyMs = 75_000
/** But so many are kept however old they are: of kinds that are written seldom. */
const historyMin = 100
/** A store that cannot be read now may be soon: a member without a leader. */
const retryMs = 1_000

/**
 * All objects of one resource, and the last events: reads and watches of any number of clients ask the store for no more
 * than bytes that nobody had asked for lately. It follows the store by one watch.
 */
export class WatchCache {
  #origin: Origin
  readonly #storage: Storage
  readonly #prefix: string
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  #sorted: Entry[] | undefined
  /** The entry that was made last: the next one has much in common with it. */
  #latest: Entry | undefined
  #history: CachedEvent[] = []
  #historyBytes = 0
  /** Events up to and with this revision may be missing from the history. */
  #historyStart = 0
  /** While there are events that may grow old. Those up to `before` will have, when it is over. */
  #aging: { readonly timer: Timer; readonly before: number } | undefined
  #revision = 0
  #changed = 0
  readonly #watchers = new Set<Watcher>()
  readonly #followers = new Followers()
  #watch: Watch | undefined
  #retry: Timer | undefined
  #isClosed = false
  #stopped: StoppedError | undefined
  #ready: Promise<void>
  #waiting: { revision: number; resolve: () => void }[] = []

  constructor(
    resource: ServedResource,
    storage: Storage,
    prefix: string,
    clock: Clock,
    { warm, recent }: { readonly warm: WarmObjects; readonly recent?: RecentTexts },
  ) {
    const read = storage.readerOf?.(prefix)
    this.#origin = { resource, ...(recent && { recent }), ...(read && { again: { read, warm } }) }
    this.#storage = storage
    this.#prefix = prefix
    this.#clock = clock
    this.#ready = this.#reload()
  }

  /** Resolves when all is here; rejects while the store cannot be read, until it can. */
  get ready(): Promise<void> {
    return this.#ready
  }

  get revision(): number {
    return Math.max(this.#revision, 1)
  }

  /** Whether what is here now is what was there at `revision`. */
  isAsOf(revision: number): boolean {
    return this.#changed <= revision && revision <= this.revision
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Entries in the order of their keys, of one namespace or of all. */
  list(namespace = ""): readonly Entry[] {
    this.#sorted ??= [...this.#entries.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
    if (namespace === "") return this.#sorted
    const prefix = `${this.#prefix}${namespace}/`
    return this.#sorted.slice(firstFrom(this.#sorted, prefix), firstFrom(this.#sorted, prefixEnd(prefix)))
  }

  /**
   * Resolves when everything is here that was acknowledged by now, on whichever host: what this one has applied may be old,
   * for it may follow, or have been cut off as it led.
   */
  async fresh(): Promise<void> {
    await this.ready
    await this.#storage.confirmRead?.()
    if (this.#stopped) throw this.#stopped
    await this.caughtUpTo(this.#storage.currentRevision())
  }

  caughtUpTo(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }))
  }

  /** Events after `revision`, now and from now on. Expired when they are not kept any more. */
  subscribe(revision: number, watcher: Watcher): () => void {
    for (const event of this.#since(revision)) watcher.onEvent(event)
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The same, of those events that the scope sees. */
  follow(revision: number, scope: Scope, follower: Follower): () => void {
    for (const event of this.#since(revision)) {
      const type = event.seenBy(scope.selection)
      if (type) follower.onSeen(event, type)
    }
    return this.#followers.add(scope, follower)
  }

  #since(revision: number): CachedEvent[] {
    this.#forgetCompacted()
    if (revision < this.#historyStart) {
      throw new StatusError("Expired", `too old resource version: ${revision} (${this.#historyStart})`)
    }
    return this.#history.filter((event) => event.revision > revision)
  }

  /**
   * A list is answered as of the present. Who lists while watching wants to know whether the watch is there too: so every
   * watch says where it is, also when it had nothing to tell for long.
   */
  announcePresent(): void {
    for (const watcher of [...this.#watchers, ...this.#followers.all()]) watcher.onPresent?.()
  }

  /**
   * The resource has other fields or another schema: watchers begin again, with all that is kept for those who come back
   * indexed anew.
   */
  renew(resource: ServedResource): void {
    this.#origin = { ...this.#origin, resource }
    this.#readAnew()
    this.#loseWatchers()
  }

  #readAnew(): void {
    this.#forgetCompacted()
    const anew = new Map<Entry, Entry>()
    const again = (entry: Entry): Entry => {
      const stored = entry.stored()
      // What is there, and what was there before an event that is kept, the store keeps too.
      const known = anew.get(entry) ?? (stored ? this.#entry(entry.key, stored, entry.revision) : entry)
      anew.set(entry, known)
      return known
    }
    for (const [key, entry] of this.#entries) this.#entries.set(key, again(entry))
    this.#history = this.#history.map(
      ({ revision, before, after }) => new CachedEvent(revision, before && again(before), after && again(after)),
    )
    this.#sorted = undefined
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#aging?.timer.cancel()
    this.#watch?.close()
    this.#loseWatchers()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #end(error: StoppedError): void {
    this.#stopped = error
    this.close()
  }

  async #load(): Promise<void> {
    const loading = this.#storage.range({ key: this.#prefix, end: prefixEnd(this.#prefix) })
    // The store may end before it has answered a cache that was closed: nobody waits for it any more.
    const loaded = await loading.catch((error: unknown) => {
      if (!this.#isClosed) throw error
    })
    if (!loaded) return
    const { kvs, revision } = loaded
    const origin = this.#origin
    const entries: Entry[] = []
    for (const { key, value, modRevision } of kvs) {
      entries.push(this.#entry(key, value, modRevision))
      // Others are answered meanwhile, by what was here before.
      if (entries.length % loadedAtOnce === 0) await setImmediate()
    }
    // Who began to watch while we read has missed what happened meanwhile.
    this.#loseWatchers()
    this.#entries.clear()
    this.#history = []
    this.#historyBytes = 0
    for (const entry of entries) this.#entries.set(entry.key, entry)
    if (origin !== this.#origin) this.#readAnew()
    this.#sorted = undefined
    this.#revision = revision
    this.#changed = revision
    this.#historyStart = revision
    this.#wakeWaiting()
    if (this.#isClosed) return
    this.#watch = this.#storage.watch(
      { key: "\0", end: "\0", fromRevision: revision + 1 },
      {
        onBatch: (batch) => this.#apply(batch),
        // A store that has stopped will not be read again; one that has forgotten where we were will.
        onEnd: (error) => {
          if (error instanceof StoppedError) this.#end(error)
          else this.#ready = this.#reload()
        },
      },
    )
  }

  /** What we have is not to be trusted, or nothing yet: every watcher must list again, and so must we. */
  #reload(): Promise<void> {
    this.#loseWatchers()
    const loading = this.#load()
    loading.catch((error: unknown) => {
      if (error instanceof StoppedError) this.#end(error)
      else this.#retry = this.#clock.timer(retryMs, () => this.#again())
    })
    return loading
  }

  #loseWatchers(): void {
    const watchers = [...this.#watchers, ...this.#followers.all()]
    this.#watchers.clear()
    this.#followers.clear()
    for (const watcher of watchers) watcher.onLost()
  }

  #again(): void {
    if (!this.#isClosed) this.#ready = this.#reload()
  }

  #entry(key: string, stored: Uint8Array, revision: number, like = this.#latest): Entry {
    this.#latest = entryOf(this.#origin, key, stored, revision, like)
    return this.#latest
  }

  #apply({ revision, events }: WatchBatch): void {
    this.#forgetCompacted()
    for (const event of events) this.#applyEvent(event)
    this.#revision = Math.max(this.#revision, revision)
    if (this.#waiting.length > 0) this.#wakeWaiting()
  }

  #applyEvent(event: StoreEvent): void {
    const key = event.kind === "put" ? event.kv.key : event.key
    if (!key.startsWith(this.#prefix)) return
    const before = this.#entries.get(key)
    const after = event.kind === "put" ? this.#entry(key, event.kv.value, event.kv.modRevision, before) : undefined
    if (after) this.#entries.set(key, after)
    else this.#entries.delete(key)
    this.#sorted = undefined
    this.#publish(new CachedEvent(event.kind === "put" ? event.kv.modRevision : event.modRevision, before, after))
  }

  #publish(event: CachedEvent): void {
    this.#changed = event.revision
    this.#history.push(event)
    this.#historyBytes += event.size
    if (this.#history.length > historyMax || this.#historyBytes > historyBytesMax) this.#forgetOlderHalf()
    if (this.#aging === undefined && this.#history.length > historyMin) this.#age(event.revision)
    for (const watcher of this.#watchers) watcher.onEvent(event)
    this.#followers.tell(event)
    event.release()
  }

  #forgetOlderHalf(): void {
    const half = Math.ceil(this.#history.length / 2)
    this.#forget(half, this.#history[half - 1]?.revision ?? this.#historyStart)
  }

  #age(before: number): void {
    const timer = this.#clock.timer(historyMs, () => {
      const young = this.#history.findIndex(({ revision }) => revision > before)
      const old = Math.min(young < 0 ? this.#history.length : young, this.#history.length - historyMin)
      if (old > 0) this.#forget(old, this.#history[old - 1]?.revision ?? this.#historyStart)
      this.#aging = undefined
      if (this.#history.length > historyMin) this.#age(this.#changed)
    })
    this.#aging = { timer, before }
  }

  /** What the store has forgotten cannot be told of, and by who was away for so long it is not expected. */
  #forgetCompacted(): void {
    const compacted = this.#storage.compactedRevision?.() ?? 0
    if (compacted <= this.#historyStart) return
    const kept = this.#history.findIndex(({ revision }) => revision > compacted)
    this.#forget(kept < 0 ? this.#history.length : kept, compacted)
  }

  /** Events from the oldest on, after which the history begins behind `revision`. */
  #forget(events: number, revision: number): void {
    this.#historyStart = revision
    if (events === 0) return
    this.#history = this.#history.slice(events)
    this.#historyBytes = this.#history.reduce((sum, event) => sum + event.size, 0)
  }

  #wakeWaiting(): void {
    const due = this.#waiting.filter(({ revision }) => revision <= this.#revision)
    this.#waiting = this.#waiting.filter(({ revision }) => revision > this.#revision)
    for (const { resolve } of due) resolve()
  }
}
