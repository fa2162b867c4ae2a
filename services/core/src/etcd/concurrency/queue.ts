import type { Timer } from "@wick/sdk/clock"
import { code, GrpcError } from "#etcd-wire"
import { type KeyValue, type MemberStorage, prefixEnd, type RangeResult } from "#store"
import type { Caller } from "../access.ts"
import type { Gone, Parts } from "../service.ts"

/** Seconds of the lease that is made for who gives none, as etcd's. */
const leaseSeconds = 60

/** A place in the queue for a lock or a leadership: a key that lives as long as its owner's lease. */
export interface Place {
  readonly prefix: string
  readonly key: string
  readonly lease: number
  /** Revision at which the key was made: who has the lowest is first. */
  readonly revision: number
  /** As the key stood before, if it stood already. */
  readonly before: KeyValue | undefined
  /** Revision of the store when the place was taken. */
  readonly takenAt: number
}

/** Takes a place behind all others, or finds the one that the lease has already. */
export async function takePlace(
  { storage, authorize, alarms }: Parts,
  caller: Caller,
  given: { readonly name: string; readonly lease: number; readonly value: Uint8Array },
): Promise<Place> {
  alarms.refuseWrite()
  const prefix = `${given.name}/`
  authorize(caller, [
    { right: "write", key: prefix, end: prefixEnd(prefix) },
    { right: "read", key: prefix, end: prefixEnd(prefix) },
  ])
  const lease = given.lease === 0 ? (await storage.grantLease(leaseSeconds)).id : given.lease
  const key = `${prefix}${lease.toString(16)}`
  const { succeeded, results, revision } = await storage.txn({
    compare: [{ key, target: "create", op: "=", value: 0 }],
    success: [{ kind: "put", key, value: given.value, lease }],
    failure: [{ kind: "range", key }],
  })
  const [result] = results
  const before = !succeeded && result?.kind === "range" ? result.kvs[0] : undefined
  return { prefix, key, lease, revision: before?.createRevision ?? revision, before, takenAt: revision }
}

/**
 * Resolves, with the revision at which that was so, when nobody stands before this place. Meanwhile its lease is kept alive.
 * Who leaves before gives up the place.
 */
export async function firstInLine(parts: Parts, place: Place, gone: Gone): Promise<number> {
  const { storage } = parts
  const leaving = Promise.withResolvers<never>()
  leaving.promise.catch(() => {}) // nobody waits any more when the place was reached
  let left = false
  gone(() => {
    left = true
    leaving.reject(new GrpcError(code.canceled, "context canceled"))
  })
  using _ = keepAlive(parts, place.lease)
  try {
    for (let at = place.takenAt; ; ) {
      const { kvs, revision } = await readLine(storage, place.prefix)
      at = revision
      const before = kvs.filter((kv) => kv.createRevision < place.revision).at(-1)
      if (before === undefined) break
      await Promise.race([deleted(storage, before.key, at), leaving.promise])
    }
    const own = await storage.range({ key: place.key })
    if (own.count === 0) throw new GrpcError(code.unknown, "mutex: session is expired")
    if (left) await leaving.promise
    return own.revision
  } catch (error) {
    if (left) await storage.txn({ compare: [], success: [{ kind: "delete", key: place.key }], failure: [] })
    throw error
  }
}

/** All that stand in a line, the first first. */
export async function readLine(storage: MemberStorage, prefix: string): Promise<Pick<RangeResult, "kvs" | "revision">> {
  const { kvs, revision } = await storage.range({ key: prefix, end: prefixEnd(prefix) })
  return { kvs: kvs.toSorted((a, b) => a.createRevision - b.createRevision), revision }
}

function deleted(storage: MemberStorage, key: string, since: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const watch = storage.watch(
    { key, fromRevision: since + 1 },
    { onBatch: ({ events }) => events.some((event) => event.kind === "delete") && resolve(), onEnd: reject },
  )
  return promise.finally(() => watch.close())
}

/** Renews a lease, three times in its life, until it is disposed of. */
function keepAlive({ storage, clock }: Parts, lease: number): Disposable {
  let timer: Timer | undefined
  const later = (): void => {
    const { ttlSeconds = 0 } = storage.lease(lease) ?? {}
    if (ttlSeconds === 0) return
    timer = clock.timer((ttlSeconds * 1000) / 3, () => {
      storage.keepLeaseAlive(lease).then(later, () => {}) // a lease that is over is found out by who waits with it
    })
  }
  later()
  return { [Symbol.dispose]: () => timer?.cancel() }
}
