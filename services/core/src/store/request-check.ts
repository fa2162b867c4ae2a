import { contains, isByteString } from "./key-interval.ts"
import type { Refusal } from "./refusal.ts"
import type { Operation, RangeRequest, TxnRequest, WatchRequest } from "./storage.ts"

/** Most bytes of keys and values in one transaction, as etcd's default: the log is read and written in such pieces. */
export const requestSizeMax = 1.5 * 1024 * 1024
/** Most compares, and most operations in a branch, of one transaction, as etcd's default. */
const operationsMax = 128
/** Longest key in bytes. Kubernetes' are below 1 KiB; the bound keeps the index in memory small. */
const keySizeMax = 4096
/** Longest lease, as etcd's: 285 years, below which milliseconds stay exact. */
const leaseSecondsMax = 9_000_000_000

/** What is wrong with a transaction whatever the store's state; undefined: nothing. */
export function refuseTxn(request: TxnRequest): Refusal | undefined {
  const { compare, success, failure } = request
  const longest = Math.max(compare.length, success.length, failure.length)
  if (longest > operationsMax) {
    return invalid(`a transaction has at most ${operationsMax} compares and operations; this one has ${longest}`)
  }
  let size = 0
  for (const { key, ...rest } of compare) {
    const refusal = refuseKey(key) ?? (rest.target === "value" ? undefined : refuseNumber("value compared", rest.value))
    if (refusal !== undefined) return refusal
    size += key.length + (rest.target === "value" ? rest.value.length : 0)
  }
  for (const branch of [success, failure]) {
    for (const operation of branch) {
      const refusal = refuseOperation(operation)
      if (refusal !== undefined) return refusal
      size += operation.key.length + (operation.kind === "put" ? operation.value.length : 0)
    }
    const twice = keyChangedTwice(branch)
    if (twice !== undefined) return invalid(`key ${JSON.stringify(twice)} is changed twice in one transaction`)
  }
  return size > requestSizeMax ? tooLarge(size) : undefined
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

function refuseOperation(operation: Operation): Refusal | undefined {
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

/** A key gets one version per revision, so it may be put once and must not be both put and deleted. */
function keyChangedTwice(operations: readonly Operation[]): string | undefined {
  if (operations.length < 2) return undefined
  const put = new Set<string>()
  for (const operation of operations) {
    if (operation.kind !== "put") continue
    if (put.has(operation.key)) return operation.key
    put.add(operation.key)
  }
  const deletes = operations.filter((operation) => operation.kind === "delete")
  for (const key of put) if (deletes.some((interval) => contains(interval, key))) return key
  return undefined
}

function invalid(detail: string): Refusal {
  return { reason: "invalid", detail }
}

function tooLarge(size: number): Refusal {
  return { reason: "too-large", detail: `request of ${size} bytes is larger than the most allowed, ${requestSizeMax}` }
}
