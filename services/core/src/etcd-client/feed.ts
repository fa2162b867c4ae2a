import type { Clock } from "@wick/sdk/clock"
import { eventType } from "#etcd-wire"
import type { KeyValue, StoreEvent, Watch, WatchHandler, WatchRequest } from "#store"
import { CompactedError, contains, noEnd } from "#store"
import type { KeyPrefix } from "./key-prefix.ts"
import { keyValueOf } from "./kv-messages.ts"
import { pendingEventsMax, retryMaxMs } from "./limits.ts"
import type { SentEvent, Upstream } from "./upstream.ts"

/**
 * The watches of this process, told by one watch of etcd over all keys: a hundred caches that each follow the whole store
 * cost etcd no more than one. Who asks for history has a watch of etcd of its own until that has told of something that
 * the common one has told of too; from there on it follows the common one.
 */
export class Feed {
  readonly #upstream: Upstream
  readonly #prefix: KeyPrefix
  readonly #clock: Clock
  readonly #watches = new Set<FeedWatch>()
  #common: { close(): void } | undefined
  #revision = 0
  #waiting: { readonly revision: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #ended: Error | undefined
  /** Asks etcd for its present revision. */
  readonly #present: () => Promise<number>

  constructor(upstream: Upstream, prefix: KeyPrefix, clock: Clock, present: () => Promise<number>) {
    this.#upstream = upstream
    this.#clock = clock
    this.#prefix = prefix
    this.#present = present
  }

  /** Revision up to which all watches that follow the present have been told. */
  get revision(): number {
    return this.#revision
  }

  /** From the revision after this one on. */
  begin(revision: number): void {
    this.#revision = revision
    const { key, end } = this.#prefix.all
    this.#common = this.#upstream.open(
      { key, rangeEnd: end, fromRevision: revision + 1, previous: false, progress: true },
      { onEvents: (events, upTo) => this.#told(events, upTo), onEnd: (error) => this.#lost(error) },
    )
  }

  watch(request: WatchRequest, handler: WatchHandler): Watch {
    const { fromRevision = 0 } = request
    const watch = new FeedWatch(request, handler, fromRevision === 0 ? this.#revision + 1 : fromRevision)
    if (this.#ended !== undefined) {
      const error = this.#ended
      queueMicrotask(() => watch.end(error))
      return watch
    }
    this.#watches.add(watch)
    watch.onClosed = () => this.#watches.delete(watch)
    const readsPast = watch.next <= this.#revision || request.previous === true
    if (readsPast && !isEmpty(request)) this.#readPast(watch, request.previous === true)
    return watch
  }

  /** Resolves when every watch has been told of what was written at `revision`. */
  toldOf(revision: number): Promise<void> | undefined {
    if (this.#hasTold(revision)) return undefined
    return new Promise((resolve, reject) => this.#waiting.push({ revision, resolve, reject }))
  }

  end(error: Error): void {
    this.#ended = error
    this.#common?.close()
    for (const watch of [...this.#watches]) watch.end(error)
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #readPast(watch: FeedWatch, previous: boolean): void {
    watch.readsPast(
      !previous,
      this.#upstream.open(
        { ...this.#prefix.interval(watch.request), fromRevision: watch.next, previous, progress: false },
        {
          onEvents: (events, revision) => {
            watch.toldPast(
              events.map((event) => eventOf(this.#prefix, event)),
              revision,
            )
            this.#wake()
          },
          onEnd: (error) => {
            watch.end(error)
            this.#wake()
          },
        },
      ),
    )
  }

  #told(sent: readonly SentEvent[], revision: number): void {
    // Whoever opens a watch while others are told follows from here.
    this.#revision = revision
    const events = sent.map((event) => eventOf(this.#prefix, event))
    for (const watch of this.#watches) watch.told(events, revision)
    this.#wake()
  }

  #hasTold(revision: number): boolean {
    if (this.#revision < revision) return false
    for (const watch of this.#watches) if (watch.isBehind(revision)) return false
    return true
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) {
      if (this.#hasTold(each.revision)) each.resolve()
      else this.#waiting.push(each)
    }
  }

  /** The common watch was away for so long that etcd has forgotten what it missed; or etcd refuses it. */
  #lost(error: Error): void {
    for (const watch of [...this.#watches]) watch.lostPresent(error)
    if (error instanceof CompactedError) void this.#beginAnew()
    else this.#clock.timer(retryMaxMs, () => void this.#beginAnew())
  }

  async #beginAnew(): Promise<void> {
    if (this.#ended !== undefined) return
    try {
      const revision = await this.#present()
      if (this.#ended !== undefined) return
      this.begin(revision)
      // Opened since the common watch was lost.
      for (const watch of this.#watches) if (watch.missed(revision)) this.#readPast(watch, false)
      this.#wake()
    } catch {
      // It cannot be asked now; the connection says so in the log, again and again.
      this.#clock.timer(retryMaxMs, () => void this.#beginAnew())
    }
  }
}

/** One watch of this process. */
class FeedWatch implements Watch {
  readonly request: WatchRequest
  readonly #handler: WatchHandler
  /** First revision that it wants and has not been told of. */
  next: number
  onClosed: () => void = () => {}
  #past: { close(): void } | undefined
  /** Whether it follows the present once its own watch has met it. */
  #joins = false
  /** What the present has told while this one reads the past. */
  #pending: { readonly events: readonly StoreEvent[]; readonly revision: number }[] = []
  #pendingEvents = 0
  /** Latest revision of the present that it has to be told of. */
  #expected = 0
  #closed = false

  constructor(request: WatchRequest, handler: WatchHandler, next: number) {
    this.request = request
    this.#handler = handler
    this.next = next
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#past?.close()
    this.#pending = []
    this.onClosed()
  }

  end(error: Error): void {
    if (this.#closed) return
    this.close()
    this.#handler.onEnd(error)
  }

  readsPast(joins: boolean, past: { close(): void }): void {
    this.#joins = joins
    this.#past = past
  }

  /** Follows the present, and that begins only behind `revision`. */
  missed(revision: number): boolean {
    return this.#past === undefined && this.next <= revision && !isEmpty(this.request)
  }

  isBehind(revision: number): boolean {
    return !this.#closed && this.next <= Math.min(this.#expected, revision)
  }

  /** By the common watch. */
  told(all: readonly StoreEvent[], revision: number): void {
    if (this.#closed) return
    const events = isOfAllKeys(this.request) ? all : all.filter((event) => contains(this.request, keyOf(event)))
    const last = events.at(-1)
    if (this.#past === undefined) {
      if (last !== undefined || all.length === 0) this.#tell(events, revision)
      else this.next = Math.max(this.next, revision + 1)
      return
    }
    if (last === undefined) return
    this.#expected = revisionOf(last)
    if (!this.#joins) return
    this.#pending.push({ events, revision })
    this.#pendingEvents += events.length
    if (this.#pendingEvents > pendingEventsMax) this.#forgetPending()
  }

  /** By its own watch. */
  toldPast(events: readonly StoreEvent[], revision: number): void {
    this.#tell(events, revision)
    const first = this.#pending[0]?.events[0]
    if (this.#closed || first === undefined || revision < revisionOf(first)) return
    // All up to here was told by its own watch, all from before here on by the common one.
    const pending = this.#pending
    this.#forgetPending()
    this.#past?.close()
    this.#past = undefined
    for (const { events: later, revision: upTo } of pending) this.#tell(later, upTo)
  }

  /** The common watch has a gap now: who follows it ends, who reads the past does not need it. */
  lostPresent(error: Error): void {
    if (this.#past === undefined) this.end(error)
    else this.#forgetPending()
  }

  #tell(all: readonly StoreEvent[], revision: number): void {
    if (this.#closed || revision < this.next) return
    const first = all[0]
    const isFresh = first === undefined || revisionOf(first) >= this.next
    const events = isFresh ? all : all.filter((event) => revisionOf(event) >= this.next)
    this.next = revision + 1
    this.#handler.onBatch({ revision, events })
  }

  #forgetPending(): void {
    this.#pending = []
    this.#pendingEvents = 0
  }
}

function eventOf(prefix: KeyPrefix, { type, kv: sent, previous: before }: SentEvent): StoreEvent {
  const kv = keyValueOf(prefix, sent as KeyValue)
  const previous = before && { previous: keyValueOf(prefix, before) }
  if (type === eventType.put) return { kind: "put", kv, ...previous }
  return { kind: "delete", key: kv.key, modRevision: kv.modRevision, ...previous }
}

function keyOf(event: StoreEvent): string {
  return event.kind === "put" ? event.kv.key : event.key
}

function revisionOf(event: StoreEvent): number {
  return event.kind === "put" ? event.kv.modRevision : event.modRevision
}

function isOfAllKeys({ key, end }: WatchRequest): boolean {
  return key === "\0" && end === noEnd
}

function isEmpty({ key, end }: WatchRequest): boolean {
  return end !== undefined && end !== noEnd && end <= key
}
