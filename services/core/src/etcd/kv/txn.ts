import {
  type CompareMessage,
  compareResults,
  compareTargets,
  type DeleteMessage,
  type OperationAnswer,
  type OperationMessage,
  type PutMessage,
  type TxnAnswer,
  type TxnMessage,
} from "#etcd-wire"
import type { Compare, NestedOperation, NestedResult, NestedTxn, NestedTxnResult } from "#store"
import type { Need } from "../access.ts"
import { code, EtcdError } from "../etcd-error.ts"
import { endOf, toRange, toRangeAnswer, whole } from "./range.ts"

export function toPut(put: PutMessage): NestedOperation {
  const { key, value, lease, previous, ignoreValue, ignoreLease } = put
  const kept = { ...(ignoreValue && { keepValue: true }), ...(ignoreLease && { keepLease: true }) }
  return { kind: "put", key, value, lease: isLeaseId(lease) ? lease : noLeaseId, previous, ...kept }
}

/** No lease is ever of this number. */
const noLeaseId = Number.MAX_SAFE_INTEGER

/** Ids that we give are small numbers; a larger one is of no lease that is here. */
export function isLeaseId(id: number): boolean {
  return id < noLeaseId && id >= 0
}

export function toDelete({ key, rangeEnd, previous }: DeleteMessage): NestedOperation {
  return { kind: "delete", key, ...endOf(rangeEnd), previous }
}

export function toTxn({ compare, success, failure }: TxnMessage): NestedTxn {
  return {
    compare: compare.map(toCompare),
    success: success.map(toOperation),
    failure: failure.map(toOperation),
  }
}

function toOperation({ range, put, delete: deletion, txn }: OperationMessage): NestedOperation {
  if (put !== undefined) return toPut(put)
  if (deletion !== undefined) return toDelete(deletion)
  if (txn !== undefined) return { kind: "txn", ...toTxn(txn) }
  if (range === undefined) throw new Error("an operation was checked to be something")
  return { kind: "range", ...toRange(range) }
}

function toCompare(message: CompareMessage): Compare {
  const { key, rangeEnd, value } = message
  const target = compareTargets[message.target]
  const op = compareResults[message.result]
  if (target === undefined || op === undefined) throw new EtcdError(code.invalidArgument, "unknown comparison")
  const interval = { key, ...endOf(rangeEnd) }
  if (target === "value") return { ...interval, target, op, value }
  const number = message[target]
  if (number >= 0) return { ...interval, target, op, value: whole(number) }
  // Everything is above a number below 0, which the store has no way to write.
  const holds = op === ">" || op === "!="
  return { ...interval, target, op: holds ? "!=" : "<", value: holds ? Number.MAX_SAFE_INTEGER : 0 }
}

/** What a caller needs for a transaction, whichever branch runs. */
export function needsOfTxn({ compare, success, failure }: NestedTxn): Need[] {
  return [
    ...compare.map(({ key, end }): Need => ({ right: "read", key, end })),
    ...[...success, ...failure].flatMap(needsOf),
  ]
}

export function needsOf(operation: NestedOperation): Need[] {
  if (operation.kind === "txn") return needsOfTxn(operation)
  const { key } = operation
  const end = operation.kind === "put" ? undefined : operation.end
  if (operation.kind === "range") return [{ right: "read", key, end }]
  return [{ right: "write", key, end }, ...(operation.previous ? [{ right: "read" as const, key, end }] : [])]
}

/** Whether it may need room: etcd does not look into transactions within it. */
export function hasPut({ success, failure }: NestedTxn): boolean {
  return [...success, ...failure].some(({ kind }) => kind === "put")
}

export function isReadOnly({ success, failure }: NestedTxn): boolean {
  return [...success, ...failure].every(({ kind }) => kind === "range")
}

/** Revision as an operation in the middle of a transaction saw it: the one before, until something was changed. */
interface Progress {
  revision: number
  readonly written: number
}

export function toTxnAnswer(request: TxnMessage, result: NestedTxnResult): Omit<TxnAnswer, "header"> {
  const wrote = changes(result)
  const progress = { revision: wrote ? result.revision - 1 : result.revision, written: result.revision }
  return answerOf(request, result, progress)
}

function answerOf(
  request: TxnMessage,
  { succeeded, results }: NestedTxnResult,
  progress: Progress,
): Omit<TxnAnswer, "header"> {
  const operations = succeeded ? request.success : request.failure
  const responses = results.map((result, at) => toOperationAnswer(operations[at] ?? {}, result, progress))
  return { succeeded, responses }
}

function toOperationAnswer(request: OperationMessage, result: NestedResult, progress: Progress): OperationAnswer {
  switch (result.kind) {
    case "txn": {
      if (request.txn === undefined) throw new Error("a transaction answers a transaction")
      return { txn: { header: {}, ...answerOf(request.txn, result, progress) } }
    }
    case "range": {
      if (request.range === undefined) throw new Error("a range answers a range")
      return { range: { header: { revision: progress.revision }, ...toRangeAnswer(request.range, result) } }
    }
    case "put":
      progress.revision = progress.written
      return { put: { header: { revision: progress.revision }, previous: result.previous } }
    default:
      if (result.deleted > 0) progress.revision = progress.written
      return {
        delete: {
          header: { revision: progress.revision },
          deleted: result.deleted,
          ...(result.previous && { previous: result.previous }),
        },
      }
  }
}

function changes({ results }: NestedTxnResult): boolean {
  return results.some(
    (result) =>
      result.kind === "put" ||
      (result.kind === "delete" && result.deleted > 0) ||
      (result.kind === "txn" && changes(result)),
  )
}
