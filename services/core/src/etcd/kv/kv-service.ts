import { must } from "@wick/sdk/assert"
import {
  compactionRequest,
  deleteRequest,
  deleteResponse,
  headerResponse,
  type PutMessage,
  putRequest,
  putResponse,
  rangeRequest,
  rangeResponse,
  type TxnMessage,
  txnRequest,
  txnResponse,
} from "#etcd-wire"
import { duplicateKey, KeyNotFoundError, type KeyValue, type NestedOperation, type NestedResult } from "#store"
import type { Caller } from "../access.ts"
import { code, EtcdError, refuse } from "../etcd-error.ts"
import { answerSizeMax } from "../limits.ts"
import { headerOf, type Methods, type Parts, unary } from "../service.ts"
import { checkDelete, checkPut, checkTxn } from "./check.ts"
import { checkRange, endOf, toRange, toRangeAnswer, whole } from "./range.ts"
import { hasPut, isReadOnly, needsOf, needsOfTxn, toDelete, toPut, toTxn, toTxnAnswer } from "./txn.ts"

/** Keys and values: reads, writes, transactions, compaction. */
export function kvService(parts: Parts): Methods {
  const { storage, authorize, alarms } = parts

  /** One change as a transaction of its own. */
  const change = async (operation: NestedOperation, caller: Caller): Promise<[NestedResult, number]> => {
    if (operation.kind === "put") alarms.refuseWrite()
    else alarms.refuseRead()
    authorize(caller, needsOf(operation))
    const { results, revision } = await storage.transact({ compare: [], success: [operation], failure: [] })
    return [must(results[0], "an operation has a result"), revision]
  }

  return {
    "etcdserverpb.KV/Range": unary(rangeRequest, rangeResponse, async (request, caller) => {
      checkRange(request)
      authorize(caller, [{ right: "read", key: request.key, ...endOf(request.rangeEnd) }])
      const result = await storage.range(toRange(request))
      const answer = toRangeAnswer(request, result)
      refuseLargeAnswer(answer.kvs as readonly KeyValue[])
      return { header: headerOf(parts, result.revision), ...answer }
    }),
    "etcdserverpb.KV/Put": unary(putRequest, putResponse, async (request, caller) => {
      checkPut(request)
      const [result, revision] = await change(toPut(request), caller).catch((error: Error) => {
        // Of two things that are not there etcd names this one, for a put alone.
        if (error instanceof KeyNotFoundError && isLeaseMissing(parts, request)) throw refuse("leaseNotFound")
        throw error
      })
      const previous = result.kind === "put" ? result.previous : undefined
      return { header: headerOf(parts, revision), previous }
    }),
    "etcdserverpb.KV/DeleteRange": unary(deleteRequest, deleteResponse, async (request, caller) => {
      checkDelete(request)
      const [result, revision] = await change(toDelete(request), caller)
      const { deleted = 0, previous = [] } = result.kind === "delete" ? result : {}
      return { header: headerOf(parts, revision), deleted, previous }
    }),
    "etcdserverpb.KV/Txn": unary(txnRequest, txnResponse, async (request: TxnMessage, caller) => {
      checkTxn(request)
      const txn = toTxn(request)
      if (duplicateKey(txn) !== undefined) throw refuse("duplicateKey")
      if (hasPut(txn)) alarms.refuseWrite()
      else if (!isReadOnly(txn)) alarms.refuseRead()
      authorize(caller, needsOfTxn(txn))
      const result = await storage.transact(txn)
      return { header: headerOf(parts, result.revision), ...toTxnAnswer(request, result) }
    }),
    "etcdserverpb.KV/Compact": unary(compactionRequest, headerResponse, async ({ revision }, caller) => {
      alarms.refuseRead()
      authorize(caller, [])
      // What is forgotten is forgotten when the answer comes: `physical` asks for nothing more.
      await storage.compact(whole(revision))
      return { header: headerOf(parts) }
    }),
  }
}

function isLeaseMissing({ storage }: Parts, { lease }: PutMessage): boolean {
  return lease !== 0 && storage.lease(lease) === undefined
}

function refuseLargeAnswer(kvs: readonly KeyValue[]): void {
  let size = 0
  for (const { key, value } of kvs) size += key.length + value.length
  if (size <= answerSizeMax) return
  throw new EtcdError(code.resourceExhausted, `an answer has at most ${answerSizeMax} bytes: ask for it with a limit`)
}
