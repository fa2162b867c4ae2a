import type { Secret } from "@wick/sdk/api/core/secret"
import type { ServiceAccount } from "@wick/sdk/api/core/service-account"

export const tokenType = "kubernetes.io/service-account-token"
export const nameAnnotation = "kubernetes.io/service-account.name"
const uidAnnotation = "kubernetes.io/service-account.uid"

/** What is to be done about a secret that should hold an account's token. */
export type Plan =
  | { readonly kind: "leave" }
  /** Its account is gone, or another one of that name. */
  | { readonly kind: "remove" }
  /** What it lacks; a token is made where `token` is wanted. */
  | {
      readonly kind: "fill"
      readonly annotations: Readonly<Record<string, string>>
      readonly data: Readonly<Record<string, string>>
      readonly token: boolean
    }

export function decide(
  secret: Secret,
  account: ServiceAccount | undefined,
  certificateAuthority: string | undefined,
): Plan {
  const { annotations = {}, deletionTimestamp, namespace = "" } = secret.metadata
  if (deletionTimestamp !== undefined) return { kind: "leave" }
  const wantedUid = annotations[uidAnnotation]
  if (!account || (wantedUid !== undefined && wantedUid !== account.metadata.uid)) return { kind: "remove" }
  const { name, uid = "" } = account.metadata
  const data = {
    ...(certificateAuthority !== undefined && { "ca.crt": encoded(certificateAuthority) }),
    ...((secret.data?.namespace ?? "") === "" && { namespace: encoded(namespace) }),
  }
  const missing = Object.fromEntries(Object.entries(data).filter(([key, value]) => secret.data?.[key] !== value))
  const token = (secret.data?.token ?? "") === ""
  if (!token && wantedUid !== undefined && Object.keys(missing).length === 0) return { kind: "leave" }
  return { kind: "fill", annotations: { [nameAnnotation]: name, [uidAnnotation]: uid }, data: missing, token }
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64")
}
