import { type KeyValue, prefixEnd, type StoreEvent, type Watch } from "#store"
import type { Caller } from "../access.ts"
import { headerOf, type Incoming, type Outgoing, type Parts } from "../service.ts"
import { readLine } from "./queue.ts"

/**
 * Tells who leads an election, and again with every change of that. A client that reads slowly is told what is so when
 * it has read, not all that was so meanwhile.
 */
export class LeaderObserver implements Incoming {
  readonly #parts: Parts
  readonly #stream: Outgoing
  readonly #caller: Caller
  readonly #line = new Map<string, KeyValue>()
  #watch: Watch | undefined
  #told = 0
  #full = false
  #closed = false

  constructor(parts: Parts, stream: Outgoing, caller: Caller) {
    this.#parts = parts
    this.#stream = stream
    this.#caller = caller
  }

  received({ name }: { readonly name: string }): void {
    this.#begin(`${name}/`).catch((error: unknown) => this.#stream.end(error))
  }

  drained(): void {
    this.#full = false
    this.#tell(this.#parts.storage.currentRevision())
  }

  /** The client has asked; answers go on. */
  ended(): void {}

  closed(): void {
    this.#closed = true
    this.#watch?.close()
  }

  async #begin(prefix: string): Promise<void> {
    const interval = { key: prefix, end: prefixEnd(prefix) }
    this.#parts.authorize(this.#caller, [{ right: "read", ...interval }])
    const { kvs, revision } = await readLine(this.#parts.storage, prefix)
    if (this.#closed) return
    for (const kv of kvs) this.#line.set(kv.key, kv)
    this.#tell(revision)
    this.#watch = this.#parts.storage.watch(
      { ...interval, fromRevision: revision + 1 },
      {
        onBatch: (batch) => {
          for (const event of batch.events) this.#apply(event)
          this.#tell(batch.revision)
        },
        onEnd: (error) => this.#stream.end(error),
      },
    )
  }

  #apply(event: StoreEvent): void {
    if (event.kind === "put") this.#line.set(event.kv.key, event.kv)
    else this.#line.delete(event.key)
  }

  #tell(revision: number): void {
    if (this.#full) return
    let first: KeyValue | undefined
    for (const kv of this.#line.values())
      if (first === undefined || kv.createRevision < first.createRevision) first = kv
    if (first === undefined || first.modRevision === this.#told) return
    this.#told = first.modRevision
    this.#full = !this.#stream.send({ header: headerOf(this.#parts, revision), kv: first })
  }
}
