import { contains, type KeyInterval } from "./key-interval.ts"
import type { NestedOperation, NestedTxn } from "./member-storage.ts"

/** What an operation may change: of a transaction, what either of its branches may. */
interface Effects {
  readonly puts: Set<string>
  readonly deletes: readonly KeyInterval[]
}

/**
 * A key gets one version per revision, so no two operations that may run together put it twice, or put and delete it.
 * Branches of one nested transaction never run together, so between them all is allowed. The first key found so, or
 * undefined.
 */
export function duplicateKey(request: NestedTxn): string | undefined {
  const found: { key?: string } = {}
  for (const branch of [request.success, request.failure]) {
    // Nearly every branch is one operation, which has nobody to be in the way of.
    if (branch.length > 1 || branch[0]?.kind === "txn") effectsOf(branch, found)
  }
  return found.key
}

function effectsOf(operations: readonly NestedOperation[], found: { key?: string }): Effects {
  const puts = new Set<string>()
  const deletes: KeyInterval[] = []
  for (const operation of operations) {
    if (operation.kind === "range") continue
    const own = effectOf(operation, found)
    for (const key of own.puts) {
      if (puts.has(key) || deletes.some((interval) => contains(interval, key))) found.key ??= key
    }
    for (const key of own.deletes.length > 0 ? puts : []) {
      if (own.deletes.some((interval) => contains(interval, key))) found.key ??= key
    }
    for (const key of own.puts) puts.add(key)
    deletes.push(...own.deletes)
  }
  return { puts, deletes }
}

function effectOf(operation: Exclude<NestedOperation, { kind: "range" }>, found: { key?: string }): Effects {
  if (operation.kind === "put") return { puts: new Set([operation.key]), deletes: [] }
  if (operation.kind === "delete") return { puts: new Set(), deletes: [operation] }
  const success = effectsOf(operation.success, found)
  const failure = effectsOf(operation.failure, found)
  return { puts: success.puts.union(failure.puts), deletes: [...success.deletes, ...failure.deletes] }
}
