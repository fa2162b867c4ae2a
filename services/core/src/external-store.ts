import type { Clock } from "@wick/sdk/clock"
import { aloneForever, type Mandate } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { ConfigurationError } from "#apiserver"
import { ForeignDirectoryError } from "#replication"
import { type MemberStorage, NotLeaderError, type Storage } from "#store"
import { type MemberOptions, openMember } from "./open-member.ts"
import { storeMandate } from "./store-mandate.ts"

/** An etcd that is there already, in which everything is kept instead of in a store of our own. */
export interface ExternalStore {
  readonly endpoints: readonly string[]
  /** Text before every key; "" is none. */
  readonly prefix: string
  readonly tls: {
    readonly caFile?: string | undefined
    readonly certFile?: string | undefined
    readonly keyFile?: string | undefined
  }
}

export interface OpenedStore {
  readonly storage: Storage
  /** Undefined: the store is somebody else's. */
  readonly member: MemberStorage | undefined
  readonly mandate: Mandate & Partial<Disposable>
}

/** How long a start waits for an etcd that does not answer. */
const storeWaitMs = 30_000
const retryMs = 500

export interface StoreOptions extends MemberOptions {
  readonly store?: ExternalStore | undefined
}

/** Where a control plane keeps everything: on its own disk, or in somebody's etcd, which it has to itself. */
export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const { store, clock, random, log } = options
  if (store === undefined) {
    const member = await openMember(options).catch((error: unknown) => {
      throw error instanceof ForeignDirectoryError ? new ConfigurationError(error.message) : error
    })
    return { storage: member, member, mandate: storeMandate(member) }
  }
  const { openEtcdStorage } = await import("#etcd-client")
  const storage = await awaited(() => openEtcdStorage({ ...store, clock, random, log }), clock, log)
  return { storage, member: undefined, mandate: aloneForever }
}

/** An etcd that is started with us may be later than we are; one that stays away is told of with what each endpoint said. */
export async function awaited(open: () => Promise<Storage>, clock: Clock, log: Log): Promise<Storage> {
  const giveUpMs = clock.monotonic() + storeWaitMs
  for (let said = false; ; said = true) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof NotLeaderError)) throw error
      if (clock.monotonic() + retryMs > giveUpMs) {
        const waited = `it was waited for ${storeWaitMs / 1000} s`
        throw new ConfigurationError(`the store cannot be opened: ${error.message}; ${waited}`)
      }
      if (!said) log.warn("the store does not answer; waiting for it", { waitMsMax: storeWaitMs, why: error.message })
    }
    await clock.sleep(retryMs)
  }
}
