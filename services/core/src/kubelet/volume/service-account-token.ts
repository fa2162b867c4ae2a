import type { Pod } from "@wick/sdk/api/core/pod"
import { parseTime } from "@wick/sdk/api/meta/time"
import type { Client } from "@wick/sdk/client"
import type { TokenWish } from "./payload.ts"

export interface Token {
  readonly value: string
  readonly expiresAtMs: number
  /** From then on a new one is asked for. */
  readonly renewAtMs: number
}

/** A token is renewed when this part of its life is over, and after a day in any case. */
const lifePart = 0.8
const ageMsMax = 86_400_000

/** Asks the API for a token of the pod's service account that lives and dies with the pod. */
export async function requestToken(
  client: Client,
  pod: Pod,
  wish: TokenWish,
  nowMs: number,
  signal?: AbortSignal,
): Promise<Token> {
  const { namespace, name, uid } = pod.metadata
  const account = pod.spec.serviceAccountName || "default"
  const response = await client.request(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: { name: account, namespace },
      spec: {
        ...(wish.audience && { audiences: [wish.audience] }),
        expirationSeconds: wish.expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    }),
    ...(signal && { signal }),
  })
  const { status } = (await response.json()) as { status: { token: string; expirationTimestamp: string } }
  const expiresAtMs = parseTime(status.expirationTimestamp)
  const renewAtMs = Math.min(nowMs + (expiresAtMs - nowMs) * lifePart, nowMs + ageMsMax)
  return { value: status.token, expiresAtMs, renewAtMs }
}
