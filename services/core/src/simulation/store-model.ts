import {
  type KeyValue,
  noEnd,
  type Operation,
  type OperationResult,
  type RangeRequest,
  type RangeResult,
  type RevisionChanges,
  type TxnRequest,
  type TxnResult,
} from "#store"
import type { History, Model } from "./linearizability.ts"

/** What clients ask of the whole store. Reads are of the present. */
export type StoreInput =
  | { readonly kind: "range"; readonly request: RangeRequest }
  | { readonly kind: "txn"; readonly request: TxnRequest }
  | { readonly kind: "grant"; readonly id: number }
  | { readonly kind: "renew"; readonly id: number }
  /** Asked for, or for want of renewal: then nobody is told, and it stands in the history without an output. */
  | { readonly kind: "end-lease"; readonly id: number }

/** An operation without an output, and at which revisions, as the rest of the history tells, it can have written. */
interface Unanswered {
  readonly kind: "unanswered"
  readonly input: StoreInput
  readonly mayWriteAt: (revision: number) => boolean
}

export type StoreOutput =
  | { readonly kind: "range"; readonly result: RangeResult }
  | { readonly kind: "txn"; readonly result: TxnResult }
  | { readonly kind: "done" }
  | Refused

interface Refused {
  readonly kind: "refused"
  readonly reason: "lease-not-found" | "lease-exists"
}

/** Never changed: each write makes another. */
export interface StoreState {
  readonly revision: number
  /** In order of their keys. */
  readonly kvs: readonly KeyValue[]
  /** In order, so that it does not matter which of two was granted first. */
  readonly leases: readonly number[]
}

/**
 * The store as one register: what is known of revisions makes all keys depend on each other, and leaves but one order to
 * its writes, so that the search is fast.
 */
export const storeModel: Model<StoreState, StoreInput | Unanswered, StoreOutput> = {
  initial: { revision: 1, kvs: [], leases: [] },
  step(state, input, output) {
    if (input.kind === "unanswered") {
      const { state: after } = run(state, input.input)
      return after.revision === state.revision || input.mayWriteAt(after.revision) ? after : undefined
    }
    const { state: after, output: answer } = run(state, input)
    return output === undefined || sameOutput(answer, output) ? after : undefined
  },
  equal: (a, b) =>
    a.revision === b.revision &&
    sameLists(a.kvs, b.kvs, sameKeyValue) &&
    sameLists(a.leases, b.leases, (one, other) => one === other),
  changesNothing({ kind }, output) {
    if (output.kind !== "txn") return output.kind !== "done" || kind === "renew"
    return output.result.results.every(
      (each) => each.kind === "range" || (each.kind === "delete" && each.deleted === 0),
    )
  },
  partition: (history) => [narrow(history, undefined)],
}

/** The same, where somebody knows every write, in order. */
export function witnessedStoreModel(witness: readonly RevisionChanges[]): typeof storeModel {
  return { ...storeModel, partition: (history) => [narrow(history, witness)] }
}

type Narrowed = History<StoreInput | Unanswered, StoreOutput>

/**
 * Revisions say much about what was not answered: a revision that an answered operation made was made by no other, and
 * a value that was read was written at the revision it was read with. A witness, who was told of every write, knows it
 * of all values. Without this, each of many operations without an answer might be at each place.
 */
function narrow(history: Narrowed, witness: readonly RevisionChanges[] | undefined): Narrowed {
  const seen = new Map<string, number>()
  const taken = new Set<number>()
  for (const { output } of history) {
    if (output?.kind === "range") for (const kv of output.result.kvs) seen.set(nameOf(kv), kv.modRevision)
    if (output?.kind !== "txn") continue
    const { results, revision } = output.result
    if (results.some((each) => each.kind === "put" || (each.kind === "delete" && each.deleted > 0))) taken.add(revision)
    for (const kv of results.flatMap(readIn)) seen.set(nameOf(kv), kv.modRevision)
  }
  for (const { revision, changes } of witness ?? []) {
    const puts = changes.filter(({ version }) => version > 0)
    for (const put of puts) seen.set(nameOf(put), revision)
    if (puts.length > 0) taken.add(revision)
  }
  const written = Map.groupBy(
    history.flatMap(({ input }) => putsOf(input)),
    nameOf,
  )
  const revisionOf = (input: StoreInput | Unanswered): number | undefined => {
    const names = putsOf(input).map(nameOf)
    return seen.get(names.find((name) => written.get(name)?.length === 1 && seen.has(name)) ?? "")
  }
  for (const { input, output } of history) {
    const revision = output === undefined ? revisionOf(input) : undefined
    if (revision !== undefined) taken.add(revision)
  }
  return history.flatMap((operation) => {
    const { input, output } = operation
    if (output !== undefined || input.kind === "unanswered") return operation
    const known = revisionOf(input)
    // Where the witness has seen nothing of it, it was not done, or is yet to be.
    if (witness !== undefined && known === undefined && putsOf(input).length > 0) return []
    const mayWriteAt = (revision: number): boolean => (known === undefined ? !taken.has(revision) : revision === known)
    return { ...operation, input: { kind: "unanswered", input, mayWriteAt } }
  })
}

function putsOf(input: StoreInput | Unanswered): readonly (Operation & { kind: "put" })[] {
  if (input.kind !== "txn") return []
  return [...input.request.success, ...input.request.failure].filter((each) => each.kind === "put")
}

function readIn(result: OperationResult): readonly KeyValue[] {
  if (result.kind === "range") return result.kvs
  return result.kind === "put" ? listOf(result.previous) : (result.previous ?? [])
}

const nameOf = ({ key, value }: { readonly key: string; readonly value: Uint8Array }): string =>
  `${key}\0${Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1")}`

const done: StoreOutput = { kind: "done" }
const refused = (reason: Refused["reason"]): StoreOutput => ({ kind: "refused", reason })

interface Ran {
  readonly state: StoreState
  readonly output: StoreOutput
}

function run(state: StoreState, input: StoreInput): Ran {
  switch (input.kind) {
    case "range":
      return { state, output: { kind: "range", result: look(state.kvs, input.request, state.revision) } }
    case "txn":
      return runTxn(state, input.request)
    case "grant":
      if (state.leases.includes(input.id)) return { state, output: refused("lease-exists") }
      return { state: { ...state, leases: [...state.leases, input.id].sort((a, b) => a - b) }, output: done }
    case "renew":
      return { state, output: state.leases.includes(input.id) ? done : refused("lease-not-found") }
    case "end-lease":
      return endLease(state, input.id)
  }
}

function endLease(state: StoreState, id: number): Ran {
  if (!state.leases.includes(id)) return { state, output: refused("lease-not-found") }
  const kvs = state.kvs.filter(({ lease }) => lease !== id)
  const revision = kvs.length === state.kvs.length ? state.revision : state.revision + 1
  return { state: { revision, kvs, leases: state.leases.filter((each) => each !== id) }, output: done }
}

function runTxn(state: StoreState, { compare, success, failure }: TxnRequest): Ran {
  const succeeded = compare.every(({ key, target, op, value }) => {
    const kv = state.kvs.find((each) => each.key === key)
    if (target === "value") return kv !== undefined && holds(Buffer.compare(kv.value, value), op)
    const fields = { version: kv?.version, create: kv?.createRevision, mod: kv?.modRevision, lease: kv?.lease }
    return holds((fields[target] ?? 0) - value, op)
  })
  const operations = succeeded ? success : failure
  const leaseless = operations.some((each) => each.kind === "put" && each.lease && !state.leases.includes(each.lease))
  if (leaseless) return { state, output: refused("lease-not-found") }
  let kvs: readonly KeyValue[] = state.kvs
  const revision = (): number => (kvs === state.kvs ? state.revision : state.revision + 1)
  const results = operations.map((operation): OperationResult => {
    if (operation.kind === "range") return { kind: "range", ...look(kvs, operation, revision()) }
    const before = kvs
    if (operation.kind === "put") {
      kvs = withPut(kvs, operation, state.revision + 1)
      const previous = operation.previous ? before.find(({ key }) => key === operation.key) : undefined
      return previous === undefined ? { kind: "put" } : { kind: "put", previous }
    }
    const previous = before.filter(({ key }) => within(operation, key))
    if (previous.length > 0) kvs = before.filter(({ key }) => !within(operation, key))
    const deleted = previous.length
    return operation.previous ? { kind: "delete", deleted, previous } : { kind: "delete", deleted }
  })
  const result = { succeeded, results, revision: revision() }
  const after = kvs === state.kvs ? state : { ...state, kvs, revision: result.revision }
  return { state: after, output: { kind: "txn", result } }
}

function withPut(
  kvs: readonly KeyValue[],
  { key, value, lease = 0 }: Operation & { kind: "put" },
  modRevision: number,
): readonly KeyValue[] {
  const old = kvs.find((each) => each.key === key)
  const createRevision = old?.createRevision ?? modRevision
  const kv = { key, value, createRevision, modRevision, version: (old?.version ?? 0) + 1, lease }
  const at = kvs.findIndex((each) => each.key >= key)
  if (at === -1) return [...kvs, kv]
  return [...kvs.slice(0, at), kv, ...kvs.slice(old === undefined ? at : at + 1)]
}

function look(all: readonly KeyValue[], request: RangeRequest, revision: number): RangeResult {
  const found = all.filter(({ key }) => within(request, key))
  if (request.countOnly) return { kvs: [], count: found.length, more: false, revision }
  const kvs = request.limit ? found.slice(0, request.limit) : found
  return { kvs, count: found.length, more: kvs.length < found.length, revision }
}

function within({ key: first, end }: { readonly key: string; readonly end?: string }, key: string): boolean {
  return end === undefined ? key === first : key >= first && (end === noEnd || key < end)
}

function holds(difference: number, op: "=" | "!=" | "<" | ">"): boolean {
  if (op === "=") return difference === 0
  if (op === "!=") return difference !== 0
  return op === "<" ? difference < 0 : difference > 0
}

function sameOutput(a: StoreOutput, b: StoreOutput): boolean {
  if (a.kind === "txn") return b.kind === "txn" && sameTxn(a.result, b.result)
  if (a.kind === "range") return b.kind === "range" && sameRange(a.result, b.result)
  if (a.kind === "refused") return b.kind === "refused" && a.reason === b.reason
  return b.kind === a.kind
}

function sameTxn(a: TxnResult, b: TxnResult): boolean {
  return a.succeeded === b.succeeded && a.revision === b.revision && sameLists(a.results, b.results, sameResult)
}

function sameResult(a: OperationResult, b: OperationResult): boolean {
  if (a.kind === "range") return b.kind === "range" && sameRange(a, b)
  if (a.kind === "put") return b.kind === "put" && sameLists(listOf(a.previous), listOf(b.previous), sameKeyValue)
  return b.kind === "delete" && a.deleted === b.deleted && sameLists(a.previous ?? [], b.previous ?? [], sameKeyValue)
}

function sameRange(a: RangeResult, b: RangeResult): boolean {
  return a.revision === b.revision && a.count === b.count && a.more === b.more && sameLists(a.kvs, b.kvs, sameKeyValue)
}

function sameKeyValue(a: KeyValue, b: KeyValue): boolean {
  if (a === b) return true
  const sameNumbers = a.createRevision === b.createRevision && a.version === b.version && a.lease === b.lease
  return a.key === b.key && a.modRevision === b.modRevision && sameNumbers && Buffer.compare(a.value, b.value) === 0
}

function sameLists<Item>(a: readonly Item[], b: readonly Item[], same: (a: Item, b: Item) => boolean): boolean {
  if (a === b) return true
  return a.length === b.length && a.every((item, at) => same(item, b[at] as Item))
}

const listOf = <Item>(item: Item | undefined): readonly Item[] => (item === undefined ? [] : [item])
