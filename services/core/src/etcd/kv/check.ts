import type { DeleteMessage, OperationMessage, PutMessage, TxnMessage } from "#etcd-wire"
import { operationsMax } from "#store"
import { refuse } from "../etcd-error.ts"
import { checkRange } from "./range.ts"

// What makes no sense whatever is kept, in the order in which etcd looks for it: of several mistakes it names the first.

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutMessage): void {
  if (key === "") throw refuse("emptyKey")
  if (ignoreValue && value.length > 0) throw refuse("valueProvided")
  if (ignoreLease && lease !== 0) throw refuse("leaseProvided")
}

export function checkDelete({ key }: DeleteMessage): void {
  if (key === "") throw refuse("emptyKey")
}

/** A transaction in another may have as many operations as that one has left over. */
export function checkTxn({ compare, success, failure }: TxnMessage, left = operationsMax): void {
  const longest = Math.max(compare.length, success.length, failure.length)
  if (longest > left) throw refuse("tooManyOperations")
  if (compare.some(({ key }) => key === "")) throw refuse("emptyKey")
  for (const operation of [...success, ...failure]) checkOperation(operation, left - longest)
}

function checkOperation({ range, put, delete: deletion, txn }: OperationMessage, left: number): void {
  if (range !== undefined) checkRange(range)
  else if (put !== undefined) checkPut(put)
  else if (deletion !== undefined) checkDelete(deletion)
  else if (txn !== undefined) checkTxn(txn, left)
  // An operation that is none has this name.
  else throw refuse("keyNotFound")
}
