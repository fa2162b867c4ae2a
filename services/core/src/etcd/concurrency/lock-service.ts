import { headerResponse, lockRequest, lockResponse, unlockRequest } from "#etcd-wire"
import { headerOf, type Methods, type Parts, unary } from "../service.ts"
import { firstInLine, takePlace } from "./queue.ts"

const noValue = new Uint8Array(0)

/** Locks kept for clients that have no library for them: a lock is a place in a line, held while its lease lives. */
export function lockService(parts: Parts): Methods {
  const { storage, authorize, alarms } = parts
  return {
    "v3lockpb.Lock/Lock": unary(lockRequest, lockResponse, async ({ name, lease }, caller, gone) => {
      const place = await takePlace(parts, caller, { name, lease, value: noValue })
      const revision = await firstInLine(parts, place, gone)
      return { header: headerOf(parts, revision), key: place.key }
    }),
    "v3lockpb.Lock/Unlock": unary(unlockRequest, headerResponse, async ({ key }, caller) => {
      alarms.refuseRead()
      authorize(caller, [{ right: "write", key }])
      const { revision } = await storage.txn({ compare: [], success: [{ kind: "delete", key }], failure: [] })
      return { header: headerOf(parts, revision) }
    }),
  }
}
