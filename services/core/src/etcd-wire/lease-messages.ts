import { bool, keys, Message, message, messages, number, text } from "@wick/sdk/protobuf"
import { header } from "./kv-messages.ts"

export const grantRequest = new Message({ ttl: number(1), id: number(2) })
export const grantResponse = new Message({
  header: message(1, () => header),
  id: number(2),
  ttl: number(3),
  error: text(4),
})

export const revokeRequest = new Message({ id: number(1) })

export const keepAliveRequest = new Message({ id: number(1) })
export const keepAliveResponse = new Message({ header: message(1, () => header), id: number(2), ttl: number(3) })

export const timeToLiveRequest = new Message({ id: number(1), keys: bool(2) })
export const timeToLiveResponse = new Message({
  header: message(1, () => header),
  id: number(2),
  ttl: number(3),
  grantedTtl: number(4),
  keys: keys(5),
})

const leaseStatus = new Message({ id: number(1) })
export const leasesRequest = new Message({})
export const leasesResponse = new Message({ header: message(1, () => header), leases: messages(2, () => leaseStatus) })

/** As a lease is kept in a snapshot. */
export const storedLease = new Message({ id: number(1), ttl: number(2), remainingTtl: number(3) })
