import { timingSafeEqual } from "node:crypto"
import type { Secret } from "@wick/sdk/api/core/secret"
import type { Storage } from "#store"
import { readCoreObject } from "../admission/stored-object.ts"
import { authenticated, type UserInfo } from "./user.ts"

/** `07401b.f395accd246ae52d`: the first part names the secret, the second is one. */
const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const bootstrappersGroup = "system:bootstrappers"

/**
 * Tokens by which a machine asks to become a node: secrets `bootstrap-token-<id>` of type
 * `bootstrap.kubernetes.io/token` in kube-system. Read at every use, so that deleting the secret ends them.
 */
export async function bootstrapUser(
  token: string,
  { storage, now }: { readonly storage: Storage; readonly now: () => number },
): Promise<UserInfo | undefined> {
  const [, id, secretPart] = form.exec(token) ?? []
  if (id === undefined || secretPart === undefined) return undefined
  const secret = await readCoreObject<Secret>(storage, "secrets", "kube-system", `bootstrap-token-${id}`)
  return secret && userOf(secret, id, secretPart, now())
}

/** Pure: who shows this token, if the secret says that it is good. */
export function userOf(secret: Secret, id: string, secretPart: string, nowMs: number): UserInfo | undefined {
  if (secret.type !== "bootstrap.kubernetes.io/token" || secret.metadata.deletionTimestamp !== undefined)
    return undefined
  const field = (name: string): string => Buffer.from(secret.data?.[name] ?? "", "base64").toString("utf8")
  if (field("token-id") !== id || !isSame(field("token-secret"), secretPart)) return undefined
  if (field("usage-bootstrap-authentication") !== "true") return undefined
  const expiration = field("expiration")
  // A time that cannot be read is over: NaN is more than nothing.
  if (expiration !== "" && !(Date.parse(expiration) > nowMs)) return undefined
  const extra = field("auth-extra-groups").split(",").filter(Boolean)
  // One that could be anybody's group makes the whole secret suspect.
  if (extra.some((group) => !groupForm.test(group))) return undefined
  return authenticated({ name: `system:bootstrap:${id}`, groups: [bootstrappersGroup, ...extra] })
}

function isSame(expected: string, shown: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(shown)]
  return a.length === b.length && timingSafeEqual(a, b)
}
