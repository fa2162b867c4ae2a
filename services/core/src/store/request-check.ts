import { isByteString } from "./key-interval.ts"
import type { NestedOperation, NestedTxn } from "./member-storage.ts"
import type { Refusal } from "./refusal.ts"
import type { RangeRequest, WatchRequest } from "./storage.ts"
import { duplicateKey } from "./txn-effects.ts"

/** Most bytes of keys and values in one transaction, as etcd's default: the log is read and written in such pieces. */
export const requestSizeMax = 1.5 * 1024 * 1024
/** Most compares, and most operations in a branch, of one transaction, as etcd's default. */
export const operationsMax = 128
/** Longest key in bytes. Kubernetes' are below 1 KiB; the bound keeps the index in memory small. */
const keySizeMax = 4096
/** Longest lease, as etcd's: 285 years, below which milliseconds stay exact. */
const leaseSecondsMax = 9_000_000_000

/** What is wrong with a transaction whatever the store's state; undefined: nothing. */
export function refuseTxn(request: NestedTxn): Refusal | undefined {
  const measured = { size: 0 }
  const refusal = refuseParts(request, operationsMax, measured)
  if (refusal !== undefined) return refusal
  const twice = duplicateKey(request)
  if (twice !== undefined) return { reason: "duplicate-key", key: twice }
  return measured.size > requestSizeMax ? tooLarge(measured.size) : undefined
}

/** Each level of nesting may have as many operations as the one above it has left over: so depth is bounded too. */
function refuseParts(request: NestedTxn, operationsLeft: number, measured: { size: number }): Refusal | undefined {
  const { compare, success, failure } = request
  const longest = Math.max(compare.length, success.length, failure.length)
  if (longest > operationsLeft) {
    const detail = `a transaction has at most ${operationsMax} compares and operations; this one has ${longest}`
    return { reason: "too-many", detail }
  }
  for (const { key, end, ...rest } of compare) {
    const number = rest.target === "value" ? undefined : refuseNumber("value compared", rest.value)
    const refusal = refuseKey(key) ?? refuseEnd(end) ?? number
    if (refusal !== undefined) return refusal
    measured.size += key.length + (rest.target === "value" ? rest.value.length : 0)
  }
  for (const operation of [...success, ...failure]) {
    const refusal =
      operation.kind === "txn"
        ? refuseParts(operation, operationsLeft - longest, measured)
        : refuseOperation(operation, measured)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export function refuseRange(request: RangeRequest): Refusal | undefined {
  const { key, end, revision, limit } = request
  return refuseKey(key) ?? refuseEnd(end) ?? refuseNumber("revision", revision) ?? refuseNumber("limit", limit)
}

export function refuseWatch({ key, end, fromRevision }: WatchRequest): Refusal | undefined {
  return refuseKey(key) ?? refuseEnd(end) ?? refuseNumber("revision", fromRevision)
}

/** What is counted is a whole number from 0, whoever sends it: it is written to the log as one. */
export function refuseNumber(what: string, value: number | undefined): Refusal | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return undefined
  return invalid(`a ${what} is a whole number from 0, not ${value}`)
}

export function refuseLease(ttlSeconds: number, id: number): Refusal | undefined {
  const refusal = refuseNumber("lease", id)
  if (refusal !== undefined) return refusal
  const fits = Number.isSafeInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= leaseSecondsMax
  return fits ? undefined : invalid(`a lease lasts 1 to ${leaseSecondsMax} whole seconds, not ${ttlSeconds}`)
}

export function refuseNote(name: string, value: Uint8Array): Refusal | undefined {
  return refuseKey(name) ?? (value.length > requestSizeMax ? tooLarge(value.length) : undefined)
}

function refuseOperation(
  operation: Exclude<NestedOperation, { kind: "txn" }>,
  measured: { size: number },
): Refusal | undefined {
  measured.size += operation.key.length + (operation.kind === "put" ? operation.value.length : 0)
  if (operation.kind === "range") return refuseRange(operation)
  if (operation.kind === "delete") return refuseKey(operation.key) ?? refuseEnd(operation.end)
  return refuseKey(operation.key) ?? refuseNumber("lease", operation.lease)
}

function refuseKey(key: string): Refusal | undefined {
  if (key === "") return invalid("a key is not empty")
  if (key.length > keySizeMax) return invalid(`a key has at most ${keySizeMax} bytes; this one has ${key.length}`)
  return isByteString(key) ? undefined : invalid(`key ${JSON.stringify(key)} is not a byte string: encode it as UTF-8`)
}

function refuseEnd(end: string | undefined): Refusal | undefined {
  if (end === undefined || (isByteString(end) && end.length <= keySizeMax)) return undefined
  return invalid(`end of interval ${JSON.stringify(end.slice(0, keySizeMax))} is not a byte string or is too long`)
}

function invalid(detail: string): Refusal {
  return { reason: "invalid", detail }
}

function tooLarge(size: number): Refusal {
  return { reason: "too-large", detail: `request of ${size} bytes is larger than the most allowed, ${requestSizeMax}` }
}
