import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import type { Storage } from "#store"
import { openEtcdStorage } from "./index.ts"

let seed = 1

/** A client of an etcd without TLS. */
export function openPlain(endpoints: readonly string[], prefix = ""): Promise<Storage> {
  const random = seededRandom(seed++)
  return openEtcdStorage({ endpoints, prefix, clock: systemClock, random, log: silentLog })
}
