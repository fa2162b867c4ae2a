import { type Change, noEnd, type StoreEvent, type WatchBatch, type WatchRequest } from "#store"
import type { Reference } from "./reference.ts"
import { Violation } from "./violation.ts"

/** What one watcher was told, on whichever members, going on from one where it had ended on the other. */
export class WatchTold {
  readonly request: WatchRequest
  /** First revision that it was not told of. */
  next: number
  readonly #from: number
  readonly #events: StoreEvent[] = []
  /** Revisions that it cannot have been told of, for they were compacted: from the first, up to before the second. */
  readonly #skipped: (readonly [number, number])[] = []

  constructor(request: WatchRequest, from: number) {
    this.request = request
    this.#from = from
    this.next = from
  }

  take({ revision, events }: WatchBatch): void {
    for (const event of events) {
      if (revisionOf(event) < this.next) throw new Violation("watch", `${revisionOf(event)} is told a second time`)
      this.#events.push(event)
    }
    this.next = revision + 1
  }

  skipTo(revision: number): void {
    this.#skipped.push([this.next, revision])
    this.next = revision
  }

  /** Exactly the writes, in their order, without a gap or a repeat. */
  expectWrites(reference: Reference): void {
    const expected = reference.written
      .filter(({ revision }) => revision >= this.#from && revision < this.next && !this.#isSkipped(revision))
      .flatMap(({ changes }) => changes.filter(({ key }) => this.#wants(key)))
    expected.forEach((change, at) => {
      const event = this.#events[at]
      if (event === undefined || !isOf(event, change)) {
        const told = event === undefined ? "nothing" : `${event.kind} at ${revisionOf(event)}`
        throw new Violation("watch", `told ${told}, where ${change.key} was written at ${change.modRevision}`)
      }
    })
    const more = this.#events[expected.length]
    if (more !== undefined) throw new Violation("watch", `told of revision ${revisionOf(more)}, which was not made so`)
  }

  #isSkipped(revision: number): boolean {
    return this.#skipped.some(([from, until]) => revision >= from && revision < until)
  }

  #wants(key: string): boolean {
    const { key: first, end } = this.request
    return end === undefined ? key === first : key >= first && (end === noEnd || key < end)
  }
}

function revisionOf(event: StoreEvent): number {
  return event.kind === "put" ? event.kv.modRevision : event.modRevision
}

function isOf(event: StoreEvent, change: Change): boolean {
  const isDelete = change.version === 0
  if (revisionOf(event) !== change.modRevision || (event.kind === "delete") !== isDelete) return false
  if (event.kind === "delete") return event.key === change.key
  const { kv } = event
  return kv.key === change.key && kv.version === change.version && Buffer.compare(kv.value, change.value) === 0
}
