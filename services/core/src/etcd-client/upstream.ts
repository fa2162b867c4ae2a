import { type ClientHttp2Stream, constants } from "node:http2"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { FrameReader, frame, type Read, watchRequest, watchResponse } from "#etcd-wire"
import { CompactedError } from "#store"
import { type GrpcStatus, openStream, statusOf } from "./call.ts"
import { answerSizeMax, retryMaxMs, retryMinMs } from "./limits.ts"
import type { Link } from "./link.ts"

type Answer = Read<typeof watchResponse>
export type SentEvent = Answer["events"][number]

/** A watch as etcd is asked for it. */
export interface UpstreamRequest {
  readonly key: string
  readonly rangeEnd: string
  readonly fromRevision: number
  readonly previous: boolean
  /** Be told now and then that nothing has happened. */
  readonly progress: boolean
}

export interface UpstreamHandler {
  /** Whole revisions, in order, each once. No events: nothing has happened up to `revision`. */
  onEvents(events: readonly SentEvent[], revision: number): void
  onEnd(error: Error): void
}

interface Entry {
  readonly id: number
  readonly request: UpstreamRequest
  readonly handler: UpstreamHandler
  /** First revision that it has not been told of. */
  next: number
  /** Events of an answer that comes in several messages. */
  parts: SentEvent[]
}

/**
 * All watches of one client on one stream. When the stream breaks it is made anew, at another endpoint if need be, and
 * every watch goes on from where it was: what was told is not told again, and nothing is left out. If etcd has forgotten
 * that place meanwhile, the watch ends with CompactedError.
 */
export class Upstream {
  readonly #link: Link
  readonly #clock: Clock
  readonly #log: Log
  readonly #entries = new Map<number, Entry>()
  #lastId = 0
  #stream: ClientHttp2Stream | undefined
  #opening = false
  #retry: Timer | undefined
  #failures = 0
  #closed = false

  constructor(link: Link, clock: Clock, log: Log) {
    this.#link = link
    this.#clock = clock
    this.#log = log
  }

  open(request: UpstreamRequest, handler: UpstreamHandler): { close(): void } {
    const entry: Entry = { id: ++this.#lastId, request, handler, next: request.fromRevision, parts: [] }
    this.#entries.set(entry.id, entry)
    if (this.#stream !== undefined) this.#create(entry)
    else void this.#connect()
    return { close: () => this.#cancel(entry) }
  }

  close(): void {
    this.#closed = true
    this.#entries.clear()
    this.#retry?.cancel()
    this.#stream?.close()
  }

  async #connect(): Promise<void> {
    if (this.#opening || this.#closed || this.#retry !== undefined) return
    this.#opening = true
    try {
      const session = await this.#link.session()
      const stream = this.#closed ? undefined : openStream(session, "Watch/Watch")
      if (stream !== undefined) this.#follow(stream, (reason) => this.#link.leave(session, reason))
      else this.#connectLater("the connection takes no streams")
    } catch (error) {
      this.#connectLater((error as Error).message)
    } finally {
      this.#opening = false
    }
  }

  #connectLater(reason: string): void {
    if (this.#closed || this.#retry !== undefined) return
    const waitMs = Math.min(retryMinMs * 2 ** this.#failures++, retryMaxMs)
    this.#log.warn("etcd: the watches are broken and are tried again", { reason, waitMs })
    this.#retry = this.#clock.timer(waitMs, () => {
      this.#retry = undefined
      void this.#connect()
    })
  }

  #follow(stream: ClientHttp2Stream, leave: (reason: string) => void): void {
    this.#stream = stream
    const reader = new FrameReader(answerSizeMax)
    let status: GrpcStatus | undefined
    let reason = "the connection was lost"
    stream.on("response", (headers) => {
      status ??= statusOf(headers)
    })
    stream.on("trailers", (headers) => {
      status ??= statusOf(headers)
    })
    const answers = (chunk: Buffer): Answer[] => {
      try {
        return reader.push(chunk).map((bytes) => watchResponse.decode(bytes))
      } catch (error) {
        reason = (error as Error).message
        stream.close(constants.NGHTTP2_CANCEL)
        return []
      }
    }
    stream.on("data", (chunk: Buffer) => {
      for (const answer of answers(chunk)) if (stream === this.#stream) this.#received(answer)
    })
    stream.on("error", (error) => {
      reason = error.message
    })
    stream.once("close", () => {
      if (stream !== this.#stream) return
      this.#stream = undefined
      if (this.#closed) return
      // It may be this endpoint alone that knows no leader, or is being stopped.
      if (status !== undefined && status !== "ok") leave(status.message)
      this.#connectLater(status === undefined || status === "ok" ? reason : status.message)
    })
    for (const entry of this.#entries.values()) this.#create(entry)
  }

  #create(entry: Entry): void {
    entry.parts = []
    const { key, rangeEnd, previous, progress } = entry.request
    const create = { key, rangeEnd, previous, progressNotify: progress, startRevision: entry.next, watchId: entry.id }
    this.#send({ create: { ...create, fragment: true } })
  }

  #cancel(entry: Entry): void {
    if (this.#entries.delete(entry.id)) this.#send({ cancel: { watchId: entry.id } })
  }

  #send(request: Parameters<typeof watchRequest.encode>[0]): void {
    const stream = this.#stream
    if (stream !== undefined && !stream.destroyed && !stream.closed) stream.write(frame(watchRequest.encode(request)))
  }

  #received(answer: Answer): void {
    this.#failures = 0
    const entry = this.#entries.get(answer.watchId)
    if (entry === undefined) {
      if (answer.canceled && answer.created) this.#stream?.close() // of which watch is not said: all begin anew
      return
    }
    if (answer.canceled) this.#canceled(entry, answer)
    if (answer.canceled || answer.created) return
    // After a new beginning etcd may tell the last revision again.
    const fresh = answer.events.filter(({ kv }) => (kv?.modRevision ?? 0) >= entry.next)
    if (answer.fragment) return void entry.parts.push(...fresh)
    const events = entry.parts.length > 0 ? [...entry.parts, ...fresh] : fresh
    entry.parts = []
    const last = events.at(-1)?.kv?.modRevision
    if (last === undefined && answer.events.length > 0) return
    // Of a watch that reads history the head names the present: only the events say how far it is.
    const revision = last ?? answer.header?.revision ?? 0
    if (revision < entry.next) return
    entry.next = revision + 1
    entry.handler.onEvents(events, revision)
  }

  #canceled(entry: Entry, { compactRevision, cancelReason }: Answer): void {
    this.#entries.delete(entry.id)
    const error =
      compactRevision > 0 ? new CompactedError(compactRevision) : new Error(`etcd refuses a watch: ${cancelReason}`)
    entry.handler.onEnd(error)
  }
}
