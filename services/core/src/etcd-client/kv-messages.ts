import {
  compareResults,
  compareTargets,
  type Read,
  type rangeRequest,
  type rangeResponse,
  type txnRequest,
  type txnResponse,
  type Written,
} from "#etcd-wire"
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
} from "#store"
import type { KeyPrefix } from "./key-prefix.ts"

type TxnWritten = Written<typeof txnRequest>
type OperationWritten = NonNullable<TxnWritten["success"]>[number]
type CompareWritten = NonNullable<TxnWritten["compare"]>[number]
type TxnRead = Read<typeof txnResponse>
type OperationRead = TxnRead["responses"][number]

export function rangeMessage(prefix: KeyPrefix, request: RangeRequest): Written<typeof rangeRequest> {
  const { revision, limit, keysOnly, countOnly, serializable } = request
  return { ...prefix.interval(request), revision, limit, keysOnly, countOnly, serializable }
}

export function rangeResult(prefix: KeyPrefix, { kvs, count, more, header }: Read<typeof rangeResponse>): RangeResult {
  return { kvs: kvs.map((kv) => keyValueOf(prefix, kv)), count, more, revision: header?.revision ?? 0 }
}

export function txnMessage(prefix: KeyPrefix, { compare, success, failure }: TxnRequest): TxnWritten {
  return {
    compare: compare.map((each) => compareMessage(prefix, each)),
    success: success.map((each) => operationMessage(prefix, each)),
    failure: failure.map((each) => operationMessage(prefix, each)),
  }
}

export function txnResult(prefix: KeyPrefix, { succeeded, responses, header }: TxnRead): TxnResult {
  const revision = header?.revision ?? 0
  return { succeeded, revision, results: responses.map((each) => operationResult(prefix, each, revision)) }
}

export function keyValueOf(prefix: KeyPrefix, kv: KeyValue): KeyValue {
  return prefix.text === "" ? kv : { ...kv, key: prefix.outOf(kv.key) }
}

function compareMessage(prefix: KeyPrefix, compare: Compare): CompareWritten {
  return {
    ...prefix.interval(compare),
    target: compareTargets.indexOf(compare.target),
    result: compareResults.indexOf(compare.op),
    [compare.target]: compare.value,
  }
}

function operationMessage(prefix: KeyPrefix, operation: Operation): OperationWritten {
  switch (operation.kind) {
    case "range":
      return { range: rangeMessage(prefix, operation) }
    case "delete":
      return { delete: { ...prefix.interval(operation), previous: operation.previous } }
    default: {
      const { key, value, lease, previous, keepValue, keepLease } = operation
      const given = { value: keepValue ? undefined : value, lease: keepLease ? undefined : lease }
      return { put: { key: prefix.into(key), ...given, previous, ignoreValue: keepValue, ignoreLease: keepLease } }
    }
  }
}

function operationResult(prefix: KeyPrefix, answer: OperationRead, revision: number): OperationResult {
  const { put, delete: deletion, range } = answer
  if (put !== undefined) {
    return { kind: "put", ...(put.previous && { previous: keyValueOf(prefix, put.previous as KeyValue) }) }
  }
  if (deletion !== undefined) {
    const previous = (deletion.previous ?? []) as readonly KeyValue[]
    const told = previous.length > 0 && { previous: previous.map((kv) => keyValueOf(prefix, kv)) }
    return { kind: "delete", deleted: deletion.deleted ?? 0, ...told }
  }
  const { kvs = [], count = 0, more = false } = range ?? {}
  const read = kvs as readonly KeyValue[]
  return { kind: "range", kvs: read.map((kv) => keyValueOf(prefix, kv)), count, more, revision }
}

/** Whether the transaction made the revision that it was answered with. */
export function hasWritten({ results }: TxnResult): boolean {
  return results.some((result) => result.kind === "put" || (result.kind === "delete" && result.deleted > 0))
}
