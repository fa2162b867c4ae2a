import { aloneForever, type Mandate } from "@wick/sdk/controller"
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
  try {
    const storage = await openEtcdStorage({ ...store, clock, random, log })
    return { storage, member: undefined, mandate: aloneForever }
  } catch (error) {
    if (!(error instanceof NotLeaderError)) throw error
    throw new ConfigurationError(`the store cannot be opened: ${error.message}`)
  }
}
