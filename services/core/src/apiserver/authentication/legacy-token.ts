import { timingSafeEqual } from "node:crypto"
import type { Secret } from "@wick/sdk/api/core/secret"
import type { LegacySubject } from "#pki"
import type { Storage } from "#store"
import { readCoreObject } from "../admission/stored-object.ts"

/** Kubernetes' mark of a token that nobody has used for long: it is dead, and can be brought back by taking this away. */
const invalidSince = "kubernetes.io/legacy-token-invalid-since"

/** Why a token of a secret is not good any more, although we have signed it; undefined: it is. */
export async function whyLegacyIsDead(
  storage: Storage,
  { namespace, secretName }: LegacySubject,
  token: string,
): Promise<string | undefined> {
  const secret = await readCoreObject<Secret>(storage, "secrets", namespace, secretName)
  return secret === undefined ? "the secret of the token is gone" : mistakeOf(secret, token)
}

/** Pure. */
export function mistakeOf({ metadata, data }: Secret, token: string): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return "the secret of the token is being deleted"
  const held = Buffer.from(data?.token ?? "", "base64")
  const shown = Buffer.from(token)
  // Who takes the token out of its secret takes it back.
  if (held.length !== shown.length || !timingSafeEqual(held, shown)) return "the secret holds another token"
  if (metadata.labels?.[invalidSince] !== undefined) return "the token has been marked as invalid"
  return undefined
}
