import { contains, noEnd } from "./key-interval.ts"
import type {
  KeyValue,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
} from "./storage.ts"

type State = ReadonlyMap<string, KeyValue>

/**
 * The store as one would tell it to a child, to hold the real one against: every revision's whole state is kept, and
 * every question is answered by looking at all of it. Slow, and too simple to be wrong in the same way.
 */
export class Model {
  /** Index = revision; revision 0 does not exist, 1 is the empty store. */
  readonly #states: State[] = [new Map(), new Map()]
  #compactRevision = 0

  get revision(): number {
    return this.#states.length - 1
  }

  range(request: RangeRequest): RangeResult | "compacted" | "future" {
    const revision = request.revision || this.revision
    if (revision > this.revision) return "future"
    if (revision < this.#compactRevision) return "compacted"
    return look(this.#state(revision), request, this.revision)
  }

  txn(request: TxnRequest): TxnResult | "compacted" | "future" {
    const now = this.#state(this.revision)
    const succeeded = request.compare.every(({ key, target, op, value }) => {
      const kv = now.get(key)
      if (target === "value") return kv !== undefined && compare(Buffer.compare(kv.value, value), op)
      const fields = { version: kv?.version, create: kv?.createRevision, mod: kv?.modRevision, lease: kv?.lease }
      return compare((fields[target] ?? 0) - value, op)
    })
    const operations = succeeded ? request.success : request.failure
    for (const operation of operations) {
      const read = operation.kind === "range" ? this.range({ ...operation, countOnly: true }) : undefined
      if (typeof read === "string") return read
    }
    const state = new Map(now)
    let wrote = false
    const results = operations.map((operation): OperationResult => {
      const result = this.#run(operation, state, wrote)
      wrote ||= operation.kind === "put" || (result.kind === "delete" && result.deleted > 0)
      return result
    })
    if (wrote) this.#states.push(state)
    return { succeeded, results, revision: this.revision }
  }

  compact(revision: number): "compacted" | "future" | "done" {
    if (revision > this.revision) return "future"
    if (revision <= this.#compactRevision) return "compacted"
    this.#compactRevision = revision
    return "done"
  }

  #run(operation: Operation, state: Map<string, KeyValue>, wrote: boolean): OperationResult {
    const next = this.revision + 1
    if (operation.kind === "range") {
      const now = wrote ? next : this.revision
      // Who names a revision sees it as it was, even the newest: without what this transaction did so far.
      const source = operation.revision ? this.#state(operation.revision) : state
      return { kind: "range", ...look(source, operation, now) }
    }
    const before = [...state.values()].filter((kv) => contains(operation, kv.key)).sort(byKey)
    if (operation.kind === "delete") {
      for (const { key } of before) state.delete(key)
      const deleted = before.length
      return operation.previous ? { kind: "delete", deleted, previous: before } : { kind: "delete", deleted }
    }
    const { key, value, lease = 0 } = operation
    const old = state.get(key)
    const createRevision = old?.createRevision ?? next
    state.set(key, { key, value, createRevision, modRevision: next, version: (old?.version ?? 0) + 1, lease })
    return operation.previous && old ? { kind: "put", previous: old } : { kind: "put" }
  }

  #state(revision: number): State {
    return this.#states[revision] ?? new Map()
  }
}

function look(state: State, request: RangeRequest, revision: number): RangeResult {
  const found = [...state.values()].filter((kv) => contains(request, kv.key)).sort(byKey)
  if (request.countOnly) return { kvs: [], count: found.length, more: false, revision }
  const kvs = found
    .slice(0, request.limit || found.length)
    .map((kv) => (request.keysOnly ? { ...kv, value: new Uint8Array(0) } : kv))
  return { kvs, count: found.length, more: kvs.length < found.length, revision }
}

function compare(difference: number, op: "=" | "!=" | "<" | ">"): boolean {
  return { "=": difference === 0, "!=": difference !== 0, "<": difference < 0, ">": difference > 0 }[op]
}

function byKey(a: KeyValue, b: KeyValue): number {
  return a.key < b.key ? -1 : 1
}

export const everything = { key: noEnd, end: noEnd }
