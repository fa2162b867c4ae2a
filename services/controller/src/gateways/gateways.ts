import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { Clock } from "@wick/sdk/clock"
import { type GatewayKey, proofOf } from "@wick/sdk/gateway-key"
import type { Acknowledgement } from "../reconcilers/ingress/decide.ts"

/** Where the gateways' admin endpoints are (`http://10.1.0.1:9080`): of all that should serve, and no others. */
export interface GatewayAddresses {
  readonly synced: Promise<void>
  list(): readonly string[]
  /** Called when there may be others than before; returns its undoing. */
  onChange(listener: () => void): () => void
}

/** Those who serve Ingresses, as far as one has to know of them here. */
export interface Gateways extends Omit<GatewayAddresses, "list"> {
  /** Whether all of them have the Ingress as it is. Waits a little for those that have not. */
  acknowledged(ingress: Ingress, signal: AbortSignal): Promise<Acknowledgement>
}

/** A gateway that has not said so by then is asked again later. */
const answerMsMax = 2_000

/** Asks each gateway itself, and proves that it may: one answers as soon as its table holds the Ingress. */
export function askingGateways(addresses: GatewayAddresses, key: GatewayKey, clock: Clock): Gateways {
  return {
    synced: addresses.synced,
    onChange: (listener) => addresses.onChange(listener),
    acknowledged: async ({ metadata: { namespace, name, generation = 0, uid } }, signal) => {
      const path = `/routed/${namespace}/${name}?generation=${generation}&uid=${uid}`
      const limit = new AbortController()
      const timer = clock.timer(answerMsMax, () => limit.abort())
      const bound = AbortSignal.any([signal, limit.signal])
      const known = key.current()
      const headers = known && { authorization: proofOf(known, { method: "GET", path }, clock.now()) }
      const answers = await Promise.all(addresses.list().map((address) => ask(address + path, headers ?? {}, bound)))
      timer.cancel()
      const present = answers.filter((answer) => answer !== "gone")
      if (present.length === 0) return "nobody"
      return present.every((answer) => answer === "known") ? "all" : "pending"
    },
  }
}

/** gone: nothing listens there, so no request can reach it either. */
async function ask(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<"known" | "unknown" | "gone"> {
  try {
    const response = await fetch(url, { headers, signal })
    await response.body?.cancel()
    return response.ok ? "known" : "unknown"
  } catch (error) {
    return isRefused(error) ? "gone" : "unknown"
  }
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined
  return cause?.code === "ECONNREFUSED"
}
