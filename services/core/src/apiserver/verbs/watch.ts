import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { checkWatchOptions, notOlderThan } from "../list-revision.ts"
import { type AnswerForm, answerForm } from "../negotiation.ts"
import { parseObject } from "../object-bytes.ts"
import { pushResponse, type Sink } from "../push-response.ts"
import type { RequestContext } from "../request-context.ts"
import { statusOf } from "../respond.ts"
import { type Selection, selectionOf } from "../selection.ts"
import { partialOf, tableOf } from "../table.ts"
import { inVersion, isServedAsStored, renamed } from "../version.ts"
import { type CachedEvent, type SeenAs, type WatchCache, watchLine } from "../watch-cache.ts"
import { keepTime, scopeOf } from "./following.ts"
import { runsOf, type Stored, sizeOf, wholeBytesMax } from "./list-parts.ts"
import { canShare, shareWatch } from "./object-sharing.ts"

/** A watcher that leaves this much unread is cut off: it lists again, and holds nobody's memory meanwhile. */
const unreadBytesMax = 16 * 1024 * 1024
/** Events that may wait for a conversion webhook; a watcher that falls further behind lists again. */
const waitingMax = 1_000
const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" }

const streamTypes = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf;stream=watch",
}

/** A stream of events: what is there (when asked), then every write that the selection sees, in order. */
export async function watchObjects(context: RequestContext): Promise<Response> {
  const { server, resource, info } = context
  const cache = server.store.cache(resource)
  await cache.fresh()
  const selection = selectionOf(resource, info.query)
  checkWatchOptions(info.query)
  const version = info.query.get("resourceVersion") ?? ""
  if (queryFlag(info.query, "sendInitialEvents")) notOlderThan(info.query, cache.revision)
  if (version !== "" && !/^\d+$/.test(version)) {
    throw new StatusError(
      "BadRequest",
      `Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`,
    )
  }
  const offer = { custom: resource.custom, stream: true }
  const form = answerForm(context.request.headers.get("accept") ?? "", info.query, offer)
  if (canShare(context, form)) return shareWatch(context, cache, selection, version)
  const protobuf = form.encoding === "protobuf" ? await import("../protobuf/encode.ts") : undefined
  const frame: Frame = protobuf
    ? (type, object) => protobuf.watchFrame(type, protobuf.encodeProtobuf(parseObject(object)))
    : watchLine
  const stream = new WatchStream(context, cache, selection, { form, frame })
  return stream.start(version)
}

/** Writes an event as its client reads it: a line of JSON, or a frame of protobuf. */
type Frame = (type: string, object: Buffer) => Buffer

class WatchStream {
  readonly #context: RequestContext
  readonly #cache: WatchCache
  readonly #selection: Selection
  readonly #form: AnswerForm
  readonly #frame: Frame
  readonly #bookmarks: boolean
  /** Absent before the watch starts and after it has ended. */
  #sink: Sink | undefined
  /** Newest revision that the client has heard of from this watch. */
  #toldRevision = 0
  #hasHead = false
  #unsubscribe: () => void = () => {}
  #timers: { cancel(): void } | undefined
  /** Events that are being converted, or wait for one that is. */
  #waiting = 0
  #last = Promise.resolve()

  constructor(
    context: RequestContext,
    cache: WatchCache,
    selection: Selection,
    { form, frame }: { form: AnswerForm; frame: Frame },
  ) {
    this.#context = context
    this.#cache = cache
    this.#selection = selection
    this.#form = form
    this.#frame = frame
    this.#bookmarks = queryFlag(context.info.query, "allowWatchBookmarks") === true
  }

  start(version: string): Response {
    const { query } = this.#context.info
    const sendInitial = queryFlag(query, "sendInitialEvents")
    const fromPresent = version === "" || version === "0" || sendInitial === true
    const push = (sink: Sink): (() => void) => {
      this.#sink = sink
      const since = fromPresent ? this.#cache.revision : Number(version)
      if (fromPresent && sendInitial !== false) this.#sendPresent(sendInitial === true && this.#bookmarks)
      this.#subscribe(since)
      this.#timers = keepTime(this.#context, this.#bookmarks, {
        onBookmark: () => this.#bookmark(),
        onEnd: () => this.#end(),
      })
      return () => this.#stop()
    }
    return pushResponse(push, { status: 200, headers: { "content-type": streamTypes[this.#form.encoding] } })
  }

  #subscribe(since: number): void {
    const scope = scopeOf(this.#context.info, this.#selection)
    try {
      this.#unsubscribe = this.#cache.follow(since, scope, {
        onSeen: (event, type) => {
          this.#toldRevision = event.revision
          this.#send(this.#line(event, type))
        },
        onPresent: () => {
          if (this.#bookmarks && this.#toldRevision < this.#cache.revision) this.#bookmark()
        },
        onLost: () => this.#end(),
      })
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      this.#send(Promise.reject(error))
    }
  }

  #sendPresent(announceEnd: boolean): void {
    const { info, resource } = this.#context
    const present = this.#cache.list(info.namespace).filter(this.#selection)
    let isFirst = present.length > 0 && this.#isFirst()
    const added = (bytes: Buffer): Buffer => {
      const formed = this.#formed(bytes, isFirst)
      isFirst = false
      return this.#frame("ADDED", formed)
    }
    if (resource.conversion && present.length > 0) {
      const stored = present.map(({ bytes }) => bytes)
      this.#send(inVersion(resource, stored).then((served) => Buffer.concat(served.map(added))))
    } else if (sizeOf(present) > wholeBytesMax) {
      this.#send(this.#paced(present, (bytes) => added(renamed(resource, bytes))))
    } else for (const { bytes } of present) this.#send(added(renamed(resource, bytes)))
    if (announceEnd) this.#bookmark({ "k8s.io/initial-events-end": "true" })
  }

  /** Much at once goes out as fast as it is taken; whatever happens meanwhile comes after it. The last of it is for the caller. */
  async #paced(stored: readonly Stored[], frame: (bytes: Buffer) => Buffer): Promise<Buffer> {
    let last = Buffer.alloc(0)
    for (const run of runsOf(stored)) {
      const sink = this.#sink
      if (!sink) break
      if (last.length > 0 && !sink.write(last)) await new Promise<void>((resolve) => sink.onDrained(resolve))
      last = Buffer.concat(run.map(frame))
    }
    return last
  }

  #line(event: CachedEvent, type: SeenAs): Buffer | Promise<Buffer> {
    const { resource } = this.#context
    const asStored = isServedAsStored(resource, event.stored(type))
    if (asStored && this.#form.kind === "object") return event.line(type, this.#form.encoding, this.#frame)
    const object = event.object(type)
    const isFirst = this.#isFirst()
    if (asStored || !resource.conversion) return this.#frame(type, this.#formed(renamed(resource, object), isFirst))
    return inVersion(resource, [object]).then(([bytes = object]) => this.#frame(type, this.#formed(bytes, isFirst)))
  }

  /** Whether nothing was told yet: asked once for each object, in the order in which they are told. */
  #isFirst(): boolean {
    const isFirst = !this.#hasHead
    this.#hasHead = true
    return isFirst
  }

  #formed(bytes: Buffer, isFirst: boolean): Buffer {
    const { resource, server } = this.#context
    if (this.#form.kind === "object") return bytes
    const object = parseObject(bytes)
    if (this.#form.kind === "partial") return Buffer.from(JSON.stringify(partialOf(object)))
    const meta = { resourceVersion: object.metadata.resourceVersion }
    const table = tableOf(resource, [object], meta, this.#form.include, server.clock.now())
    // What the columns are is told once.
    return Buffer.from(JSON.stringify(isFirst ? table : { ...table, columnDefinitions: null }))
  }

  /** Tells where the watch is, so that a client that comes back need not list. */
  #bookmark(annotations?: Record<string, string>): void {
    // A client that wants metadata alone can read nothing else, not even here.
    const { kind, apiVersion } = this.#form.kind === "partial" ? partial : this.#context.resource
    this.#toldRevision = this.#cache.revision
    const metadata = { resourceVersion: String(this.#cache.revision), ...(annotations && { annotations }) }
    this.#send(this.#frame("BOOKMARK", Buffer.from(JSON.stringify({ kind, apiVersion, metadata }))))
  }

  /** What must be converted first holds back what comes after it. */
  #send(line: Uint8Array | Promise<Uint8Array>): void {
    if (this.#waiting > 0 || line instanceof Promise) this.#queue(line)
    else this.#write(line)
  }

  #queue(line: Uint8Array | Promise<Uint8Array>): void {
    this.#waiting += 1
    if (this.#waiting > waitingMax) this.#end()
    const settled = Promise.allSettled([line])
    this.#last = this.#last.then(async () => {
      const [outcome] = await settled
      this.#waiting -= 1
      if (outcome.status === "fulfilled") this.#write(outcome.value)
      else this.#fail(outcome.reason)
    })
  }

  #fail(error: unknown): void {
    const status = statusOf(error)
    this.#write(this.#frame("ERROR", Buffer.from(JSON.stringify(status))))
    this.#end()
  }

  #write(line: Uint8Array): void {
    const sink = this.#sink
    if (!sink) return
    // Who takes more has not much unread.
    if (!sink.write(line) && sink.unread() > unreadBytesMax) this.#cut()
  }

  /** What waits for a client that does not read is thrown away with the watch. */
  #cut(): void {
    const sink = this.#sink
    const { server, resource, user } = this.#context
    server.log.info("a watch whose client is too far behind was cut off", { of: resource.plural, user: user.name })
    this.#stop()
    sink?.cut()
  }

  #end(): void {
    const sink = this.#sink
    this.#stop()
    sink?.end()
  }

  #stop(): void {
    this.#sink = undefined
    this.#unsubscribe()
    this.#timers?.cancel()
    this.#timers = undefined
  }
}
