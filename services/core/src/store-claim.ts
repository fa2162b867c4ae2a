import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { ConfigurationError } from "#apiserver"
import { LeaseNotFoundError, type Storage } from "#store"

export interface StoreClaimOptions {
  readonly storage: Storage
  /** Which control plane this is: the same at each start of the same home, and no other's. */
  readonly owner: string
  /** By which people know it. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  /** Another has taken the place of this one: it must end. */
  readonly onLost: (error: Error) => void
}

/** Under the prefix of the control plane, and no object's key. */
const claimKey = "/registry/wick.dev/control-plane"
/** A control plane that was not heard of for so long is taken for dead. */
const ttlSeconds = 15
const renewEveryMs = (ttlSeconds * 1_000) / 3
const retryMs = 1_000
/** The claim of one that has died is gone by then. */
const waitMsMax = (ttlSeconds + 5) * 1_000

interface Claim {
  readonly owner: string
  readonly name: string
  readonly since: string
}

/**
 * Makes a part of somebody's etcd one control plane's. Two would write over each other, each with keys and an authority
 * of its own. A key under an etcd lease says whose it is: another home is refused while that one lives, and takes its place
 * once it was not heard of for fifteen seconds; who finds its place taken ends.
 */
export async function claimStore(options: StoreClaimOptions): Promise<AsyncDisposable> {
  const { clock, log } = options
  const giveUpMs = clock.monotonic() + waitMsMax
  for (let said = false; ; ) {
    const taken = await take(options)
    if ("lease" in taken) return keep(options, taken.lease)
    const { name, since } = taken.by
    if (clock.monotonic() >= giveUpMs) {
      throw new ConfigurationError(
        `the store is in use: control plane "${name}" keeps its cluster there since ${since}. Stop that one first, or give ` +
          "this one a prefix of its own with --store-prefix",
      )
    }
    if (!said) log.warn("the store has another control plane; waiting whether it lives", { name, since, waitMsMax })
    said = true
    await clock.sleep(retryMs)
  }
}

type Claimant = Pick<StoreClaimOptions, "storage" | "owner" | "name" | "clock">

async function take(claimant: Claimant): Promise<{ readonly lease: number } | { readonly by: Claim }> {
  const { storage, owner, name, clock } = claimant
  const { id: lease } = await storage.grantLease(ttlSeconds)
  const claim: Claim = { owner, name, since: new Date(clock.now()).toISOString() }
  const [present] = (await storage.range({ key: claimKey })).kvs
  const by = present && (JSON.parse(Buffer.from(present.value).toString()) as Claim)
  if (by === undefined || by.owner === owner) {
    const { succeeded } = await storage.txn({
      compare: [{ key: claimKey, target: "mod", op: "=", value: present?.modRevision ?? 0 }],
      success: [{ kind: "put", key: claimKey, value: Buffer.from(JSON.stringify(claim)), lease }],
      failure: [],
    })
    if (succeeded) return { lease }
  }
  await storage.revokeLease(lease)
  // It has changed meanwhile.
  return by === undefined || by.owner === owner ? take(claimant) : { by }
}

/** Renews it until it is disposed of. While etcd is away nothing can be renewed, and nothing runs out there either. */
function keep(options: StoreClaimOptions, first: number): AsyncDisposable {
  const { storage, clock, log, onLost } = options
  let lease = first
  let timer: Timer | undefined
  let stopped = false
  let renewing: Promise<void> = Promise.resolve()
  const renew = async (): Promise<void> => {
    try {
      await storage.keepLeaseAlive(lease)
      return plan(renewEveryMs)
    } catch (error) {
      if (!(error instanceof LeaseNotFoundError)) {
        if (!stopped) log.debug("the claim to the store could not be renewed; it is tried again", { error })
        return plan(retryMs)
      }
    }
    const taken = await take(options).catch(() => undefined)
    if (taken !== undefined && "by" in taken) {
      return onLost(new ConfigurationError(`control plane "${taken.by.name}" has taken over the store from this one`))
    }
    lease = taken?.lease ?? lease
    plan(taken ? renewEveryMs : retryMs)
  }
  const plan = (ms: number): void => {
    if (stopped) return
    timer = clock.timer(ms, () => {
      renewing = renew()
    })
  }
  plan(renewEveryMs)
  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true
      timer?.cancel()
      await renewing
      await storage.revokeLease(lease).catch(() => {}) // it runs out by itself
    },
  }
}
