import type { IncomingMessage } from "node:http"
import type { Clock } from "@wick/sdk/clock"
import { type GatewayKey, isProven, proofOf } from "@wick/sdk/gateway-key"

/** How serving's own services know each other at admin endpoints. */
export interface OwnServices {
  isProven(request: IncomingMessage): boolean
  proof(method: string, path: string): Readonly<Record<string, string>>
}

/** Nobody is known before the key is, nor has anything to prove it by. */
export function ownServices(key: GatewayKey, clock: Clock): OwnServices {
  return {
    isProven: ({ method = "", url = "", headers }) => {
      const known = key.current()
      return known !== undefined && isProven(known, { method, path: url }, headers.authorization, clock.now())
    },
    proof: (method, path) => {
      const known = key.current()
      return known === undefined ? {} : { authorization: proofOf(known, { method, path }, clock.now()) }
    },
  }
}
