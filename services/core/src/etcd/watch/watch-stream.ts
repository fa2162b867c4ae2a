import type { Timer } from "@wick/sdk/clock"
import { type WatchAnswer, type WatchCreate, watchRequest, watchResponse } from "#etcd-wire"
import type { Caller } from "../access.ts"
import { code, refuse, toEtcdError } from "../etcd-error.ts"
import { progressIntervalMs, watchesPerStreamMax } from "../limits.ts"
import { headerOf, type Incoming, type Methods, type Outgoing, type Parts } from "../service.ts"
import { batchEncoder, type EncodeBatch, StreamWatch } from "./stream-watch.ts"

/** Between looks whether all watches are told of everything, while a client waits to hear so. */
const progressRetryMs = 100
/** A watch of none: a client is told something that is of the whole stream. */
const noWatch = -1

export function watchService(parts: Parts): Methods {
  const encode = batchEncoder((revision) => headerOf(parts, revision))
  return {
    "etcdserverpb.Watch/Watch": {
      kind: "stream",
      requests: "many",
      request: watchRequest,
      response: watchResponse,
      open: (stream, caller) => new WatchStream(parts, encode, stream, caller),
    },
  }
}

/**
 * The watches of one client's stream. A client that does not read fast enough costs no memory: its watches are closed
 * one by one as they would have something to tell, and are opened again, from where each was, when it has caught up. If
 * the store has forgotten that place meanwhile, the watch is canceled as any that asks for what is compacted.
 */
export class WatchStream implements Incoming {
  readonly #parts: Parts
  readonly #encode: EncodeBatch
  readonly #stream: Outgoing
  readonly #caller: Caller
  readonly #watches = new Map<number, StreamWatch>()
  #nextId = 0
  #full = false
  #progressTimer: Timer | undefined
  #noticeTimer: Timer | undefined

  constructor(parts: Parts, encode: EncodeBatch, stream: Outgoing, caller: Caller) {
    this.#parts = parts
    this.#encode = encode
    this.#stream = stream
    this.#caller = caller
  }

  received(request: ReturnType<typeof watchRequest.decode>): void {
    if (request.create !== undefined) this.#create(request.create)
    else if (request.cancel !== undefined) this.#cancel(request.cancel.watchId)
    else if (request.progress !== undefined) this.#progress()
  }

  drained(): void {
    if (!this.#full) return
    this.#full = false
    for (const watch of this.#watches.values()) watch.resume()
  }

  ended(): void {
    this.#closeAll()
    this.#stream.end()
  }

  closed(): void {
    this.#closeAll()
  }

  get isFull(): boolean {
    return this.#full
  }

  send(answer: WatchAnswer, revision?: number): void {
    if (!this.#stream.send({ header: headerOf(this.#parts, revision), ...answer })) this.#full = true
  }

  sendEncoded(pieces: readonly Buffer[]): void {
    if (!this.#stream.sendEncoded(pieces)) this.#full = true
  }

  /** The store has ended a watch: what it was to tell is compacted, or nothing works any more. */
  lost(watch: StreamWatch, error: Error, compactRevision: number | undefined): void {
    this.#watches.delete(watch.id)
    if (compactRevision === undefined) this.#stream.end(error)
    else this.send({ watchId: watch.id, canceled: true, compactRevision })
  }

  #create(request: WatchCreate): void {
    const refused = this.#refusal(request)
    if (refused !== undefined) {
      this.send({ watchId: noWatch, created: true, canceled: true, cancelReason: refused })
      return
    }
    const id = request.watchId === 0 ? this.#freeId() : request.watchId
    const revision = this.#parts.storage.currentRevision()
    const watch = new StreamWatch(this.#parts.storage, this, this.#encode, id, request)
    this.#watches.set(id, watch)
    this.send({ watchId: id, created: true }, revision)
    watch.resume()
    if (request.progressNotify) this.#noticeLater()
  }

  #refusal({ key, rangeEnd, watchId }: WatchCreate): string | undefined {
    const interval = { key: key === "" ? "\0" : key, ...(rangeEnd !== "" && { end: rangeEnd }) }
    try {
      this.#parts.authorize(this.#caller, [{ right: "read", ...interval }])
    } catch (error) {
      // In Go's form of a gRPC error as text: clients cut the message out of it.
      const known = toEtcdError(error) ?? refuse("permissionDenied")
      return `rpc error: code = ${known.code === code.permissionDenied ? "PermissionDenied" : "Unauthenticated"} desc = ${known.message}`
    }
    if (rangeEnd !== "" && rangeEnd !== "\0" && rangeEnd <= interval.key) return "mvcc: watcher range is empty"
    if (watchId !== 0 && this.#watches.has(watchId)) return "mvcc: duplicate watch ID provided on the WatchStream"
    if (this.#watches.size >= watchesPerStreamMax) return refuse("tooManyRequests").message
    return undefined
  }

  #freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId++
    return this.#nextId++
  }

  #cancel(id: number): void {
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    watch.close()
    this.#watches.delete(id)
    this.send({ watchId: id, canceled: true })
  }

  /** Tells the revision up to which all watches have been told everything, as soon as that can be said. */
  #progress(): void {
    this.#progressTimer?.cancel()
    this.#progressTimer = undefined
    if (this.#full || [...this.#watches.values()].some((watch) => !watch.isSynced)) {
      this.#progressTimer = this.#parts.clock.timer(progressRetryMs, () => this.#progress())
    } else this.send({ watchId: noWatch })
  }

  /** One timer for the stream, while a watch of it wants to hear that nothing happens. */
  #noticeLater(): void {
    this.#noticeTimer ??= this.#parts.clock.timer(progressIntervalMs, () => {
      this.#noticeTimer = undefined
      const wanting = [...this.#watches.values()].filter((watch) => watch.wantsProgress)
      for (const watch of wanting) {
        if (watch.isSynced && !watch.wasTold() && !this.#full) this.send({ watchId: watch.id })
      }
      if (wanting.length > 0) this.#noticeLater()
    })
  }

  #closeAll(): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
    this.#progressTimer?.cancel()
    this.#noticeTimer?.cancel()
  }
}
