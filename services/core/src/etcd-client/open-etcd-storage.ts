import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Storage } from "#store"
import { EtcdStorage } from "./etcd-storage.ts"
import { KeyPrefix } from "./key-prefix.ts"
import { Link, type TlsFiles } from "./link.ts"
import { Upstream } from "./upstream.ts"

export interface EtcdStorageOptions {
  /** `https://host:port` of each member, or some of them. */
  readonly endpoints: readonly string[]
  readonly tls?: TlsFiles
  /** Text before every key. */
  readonly prefix?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Resolves when etcd has answered; throws with what each endpoint said when none does. */
export async function openEtcdStorage(options: EtcdStorageOptions): Promise<Storage> {
  const { endpoints, tls = {}, clock, random, log } = options
  const link = new Link({ endpoints, tls, clock, log })
  const upstream = new Upstream(link, clock, log)
  const storage = new EtcdStorage({ link, upstream, prefix: new KeyPrefix(options.prefix ?? ""), clock, random })
  try {
    await storage.begin()
  } catch (error) {
    await storage.close()
    throw error
  }
  storage.compactRegularly(log)
  return storage
}
