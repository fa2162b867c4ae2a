import { bytes, key, Message, message, number } from "@wick/sdk/protobuf"
import { header, keyValue } from "./kv-messages.ts"

export const lockRequest = new Message({ name: key(1), lease: number(2) })
export const lockResponse = new Message({ header: message(1, () => header), key: key(2) })
export const unlockRequest = new Message({ key: key(1) })

/** What a leader proves its leadership by. */
const leaderKey = new Message({ name: key(1), key: key(2), revision: number(3), lease: number(4) })

export const campaignRequest = new Message({ name: key(1), lease: number(2), value: bytes(3) })
export const campaignResponse = new Message({ header: message(1, () => header), leader: message(2, () => leaderKey) })
export const proclaimRequest = new Message({ leader: message(1, () => leaderKey), value: bytes(2) })
export const leaderRequest = new Message({ name: key(1) })
export const leaderResponse = new Message({ header: message(1, () => header), kv: message(2, () => keyValue) })
export const resignRequest = new Message({ leader: message(1, () => leaderKey) })
