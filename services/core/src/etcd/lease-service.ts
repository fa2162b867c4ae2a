import {
  grantRequest,
  grantResponse,
  headerResponse,
  keepAliveRequest,
  keepAliveResponse,
  leasesRequest,
  leasesResponse,
  revokeRequest,
  timeToLiveRequest,
  timeToLiveResponse,
} from "#etcd-wire"
import { LeaseNotFoundError } from "#store"
import type { Caller, Need } from "./access.ts"
import { refuse } from "./etcd-error.ts"
import { isLeaseId } from "./kv/txn.ts"
import { leaseSecondsMax, leaseSecondsMin } from "./limits.ts"
import { headerOf, type Incoming, type Methods, type Outgoing, type Parts, unary } from "./service.ts"

/** Requests of one stream that wait for their answer; a client that has more of them is read again later. */
const waitingMax = 100

export function leaseService(parts: Parts): Methods {
  const { storage, authorize, alarms } = parts
  return {
    "etcdserverpb.Lease/LeaseGrant": unary(grantRequest, grantResponse, async ({ id, ttl }, caller) => {
      alarms.refuseWrite()
      authorize(caller, [])
      if (ttl > leaseSecondsMax) throw refuse("leaseTooLong")
      if (!isLeaseId(id)) throw refuse("leaseNotFound")
      const lease = await storage.grantLease(Math.max(ttl, leaseSecondsMin), id)
      return { header: headerOf(parts), id: lease.id, ttl: lease.ttlSeconds }
    }),
    "etcdserverpb.Lease/LeaseRevoke": unary(revokeRequest, headerResponse, async ({ id }, caller) => {
      alarms.refuseRead()
      authorize(caller, keysOf(parts, id, "write"))
      if (!isLeaseId(id)) throw refuse("leaseNotFound")
      await storage.revokeLease(id)
      return { header: headerOf(parts) }
    }),
    "etcdserverpb.Lease/LeaseKeepAlive": {
      kind: "stream",
      requests: "many",
      request: keepAliveRequest,
      response: keepAliveResponse,
      open: (stream) => new KeepAlive(parts, stream),
    },
    "etcdserverpb.Lease/LeaseTimeToLive": unary(timeToLiveRequest, timeToLiveResponse, async (request, caller) => {
      const { id } = request
      if (request.keys) authorize(caller, keysOf(parts, id, "read"))
      await storage.confirmRead()
      const lease = storage.lease(id)
      if (lease === undefined) return { header: headerOf(parts), id, ttl: -1 }
      const { ttlSeconds, remainingMs, keys } = lease
      const ttl = Math.floor(remainingMs / 1000)
      return { header: headerOf(parts), id, ttl, grantedTtl: ttlSeconds, ...(request.keys && { keys }) }
    }),
    "etcdserverpb.Lease/LeaseLeases": unary(leasesRequest, leasesResponse, async (_, caller: Caller) => {
      authorize(caller, [])
      await storage.confirmRead()
      const leases = storage.leases().toSorted((a, b) => a.remainingMs - b.remainingMs)
      return { header: headerOf(parts), leases: leases.map(({ id }) => ({ id })) }
    }),
  }
}

function keysOf({ storage }: Parts, id: number, right: "read" | "write"): Need[] {
  return (storage.lease(id)?.keys ?? []).map((key) => ({ right, key }))
}

/** A stream of renewals, answered in order. A lease that is not there is answered with no time left, as etcd does. */
class KeepAlive implements Incoming {
  readonly #parts: Parts
  readonly #stream: Outgoing
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #open = true

  constructor(parts: Parts, stream: Outgoing) {
    this.#parts = parts
    this.#stream = stream
  }

  received({ id }: { readonly id: number }): void {
    if (this.#waiting >= waitingMax) {
      this.#fail(refuse("tooManyRequests"))
      return
    }
    this.#waiting++
    const renewal = this.#renew(id)
    this.#last = this.#last.then(async () => {
      try {
        const ttl = await renewal
        if (this.#open) this.#stream.send({ header: headerOf(this.#parts), id, ttl })
      } catch (error) {
        this.#fail(error)
      } finally {
        this.#waiting--
      }
    })
  }

  drained(): void {}

  ended(): void {
    this.#last = this.#last.then(() => {
      if (this.#open) this.#stream.end()
    })
  }

  closed(): void {
    this.#open = false
  }

  #fail(error: unknown): void {
    if (this.#open) this.#stream.end(error)
    this.#open = false
  }

  async #renew(id: number): Promise<number> {
    try {
      if (!isLeaseId(id)) return 0
      return (await this.#parts.storage.keepLeaseAlive(id)).ttlSeconds
    } catch (error) {
      if (error instanceof LeaseNotFoundError) return 0
      throw error
    }
  }
}
