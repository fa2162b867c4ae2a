import {
  type EventMessage,
  eventType,
  type Header,
  type WatchAnswer,
  type WatchCreate,
  watchFilter,
  watchResponse,
} from "#etcd-wire"
import { CompactedError, type MemberStorage, type StoreEvent, type SyncedWatch, type WatchBatch } from "#store"
import { fragmentSizeMax } from "../limits.ts"

/** What a watch needs of the stream that it is on. */
interface Stream {
  /** The client does not read as fast as it is told. */
  readonly isFull: boolean
  send(answer: WatchAnswer, revision?: number): void
  sendEncoded(pieces: readonly Buffer[]): void
  lost(watch: StreamWatch, error: Error, compactRevision: number | undefined): void
}

/** The parts of an answer that all watches of the same events have in common. */
export type EncodeBatch = (
  events: readonly StoreEvent[],
  revision: number,
) => { readonly header: Buffer; readonly events: Buffer }

/** Encodes a batch when the first watch asks, for all that are told of it in turn. */
export function batchEncoder(headerAt: (revision: number) => Header): EncodeBatch {
  let last: readonly StoreEvent[] | undefined
  let encoded: ReturnType<EncodeBatch> = { header: Buffer.alloc(0), events: Buffer.alloc(0) }
  return (events, revision) => {
    if (events !== last) {
      encoded = {
        header: watchResponse.encode({ header: headerAt(revision) }),
        events: watchResponse.encode({ events: events.map(toMessage) }),
      }
      last = events
    }
    return encoded
  }
}

/** What an event costs on the wire besides its bytes, at most. */
const eventOverhead = 100

/** One watch of a client, open in the store while its client keeps up. */
export class StreamWatch {
  readonly id: number
  readonly wantsProgress: boolean
  readonly #storage: MemberStorage
  readonly #stream: Stream
  readonly #request: WatchCreate
  /** First revision that the client has not been told of. */
  #next: number
  #watch: SyncedWatch | undefined
  readonly #encode: EncodeBatch
  readonly #encodedId: Buffer
  readonly #takesAll: boolean
  #told = false
  #closed = false

  constructor(storage: MemberStorage, stream: Stream, encode: EncodeBatch, id: number, request: WatchCreate) {
    this.id = id
    this.#encode = encode
    this.#encodedId = watchResponse.encode({ watchId: id })
    this.#takesAll = request.filters.length === 0
    this.wantsProgress = request.progressNotify
    this.#storage = storage
    this.#stream = stream
    this.#request = request
    const { startRevision } = request
    const wanted = Math.min(Math.max(startRevision, 1), Number.MAX_SAFE_INTEGER)
    this.#next = startRevision === 0 ? storage.currentRevision() + 1 : wanted
  }

  get isSynced(): boolean {
    return this.#watch?.synced ?? false
  }

  /** Whether it had something to tell since this was asked last. */
  wasTold(): boolean {
    const told = this.#told
    this.#told = false
    return told
  }

  /** Opens it in the store, unless it is. */
  resume(): void {
    if (this.#watch !== undefined || this.#closed) return
    const { key, rangeEnd, previous } = this.#request
    const interval = { key: key === "" ? "\0" : key, ...(rangeEnd !== "" && { end: rangeEnd }) }
    this.#watch = this.#storage.watch(
      { ...interval, fromRevision: this.#next, previous },
      { onBatch: (batch) => this.#tell(batch), onEnd: (error) => this.#end(error) },
    )
  }

  close(): void {
    this.#closed = true
    this.#watch?.close()
    this.#watch = undefined
  }

  #tell({ revision, events }: WatchBatch): void {
    if (this.#stream.isFull) {
      const first = events[0]
      if (first !== undefined) this.#next = Math.max(this.#next, revisionOf(first))
      this.#watch?.close()
      this.#watch = undefined
      return
    }
    this.#next = revision + 1
    if (this.#takesAll && events.length > 0) {
      const encoded = this.#encode(events, revision)
      if (encoded.events.length <= fragmentSizeMax || !this.#request.fragment) {
        this.#told = true
        this.#stream.sendEncoded([encoded.header, this.#encodedId, encoded.events])
        return
      }
    }
    const wanted = events.filter((event) => this.#wants(event)).map(toMessage)
    if (wanted.length === 0) return
    this.#told = true
    const parts = this.#request.fragment ? fragments(wanted) : [wanted]
    parts.forEach((part, at) => {
      this.#stream.send({ watchId: this.id, events: part, fragment: at < parts.length - 1 }, revision)
    })
  }

  #wants({ kind }: StoreEvent): boolean {
    return !this.#request.filters.includes(kind === "put" ? watchFilter.noPut : watchFilter.noDelete)
  }

  #end(error: Error): void {
    this.close()
    this.#stream.lost(this, error, error instanceof CompactedError ? error.compactRevision : undefined)
  }
}

function revisionOf(event: StoreEvent): number {
  return event.kind === "put" ? event.kv.modRevision : event.modRevision
}

function toMessage(event: StoreEvent): EventMessage {
  const { previous } = event
  if (event.kind === "put") return { type: eventType.put, kv: event.kv, previous }
  return { type: eventType.delete, kv: { key: event.key, modRevision: event.modRevision }, previous }
}

/** Events in pieces, none of which is larger than a message may be, unless a single event is. */
function fragments(events: readonly EventMessage[]): EventMessage[][] {
  const pieces: EventMessage[][] = []
  let piece: EventMessage[] = []
  let size = 0
  for (const event of events) {
    const eventSize = sizeOf(event.kv) + sizeOf(event.previous) + eventOverhead
    if (piece.length > 0 && size + eventSize > fragmentSizeMax) {
      pieces.push(piece)
      piece = []
      size = 0
    }
    piece.push(event)
    size += eventSize
  }
  pieces.push(piece)
  return pieces
}

function sizeOf(kv: EventMessage["kv"]): number {
  return (kv?.key?.length ?? 0) + (kv?.value?.length ?? 0)
}
