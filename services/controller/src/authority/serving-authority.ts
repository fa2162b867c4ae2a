import { X509Certificate } from "node:crypto"
import { isStatus, type NewOf, type StatusReason } from "@wick/sdk/api"
import { Secret } from "@wick/sdk/api/core/secret"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import { labels } from "../labels.ts"
import { type Credential, selfSigned } from "./x509.ts"

/** Serving's own authority: who trusts it trusts the functions of this cluster. */
export interface Authority extends Credential {
  /** All that are still trusted, the present one first: while one is replaced there are two. */
  readonly bundlePem: string
}

export const authoritySecret = { namespace: systemNamespace, name: "routing-serving-certs-ca" } as const
const commonName = "routing.serving.knative.dev"
const dayMs = 86_400_000
const lifetimeMs = 3650 * dayMs
/** So early that nobody trusts only the old one when the last leaf of the new one is made. */
const renewBeforeMs = 365 * dayMs
/** Others may be making it at the same moment; one of them has made it by then. */
const triesMax = 5

/** The authority in its Secret, made when it is missing and replaced a year before it ends. */
export async function servingAuthority(client: Client, nowMs: number): Promise<Authority> {
  for (let tried = 1; ; tried++) {
    const existing = await client.get(Secret, authoritySecret).catch(unless("NotFound"))
    const found = existing && readAuthority(existing)
    if (found && endOf(found.certificatePem) - nowMs > renewBeforeMs) return found
    const fresh = await selfSigned(commonName, { nowMs, lifetimeMs })
    const bundlePem = fresh.certificatePem + (found ? found.certificatePem : "")
    const stored = await write(client, existing, { ...fresh, bundlePem })
    if (stored) return { ...fresh, bundlePem }
    if (tried === triesMax) {
      throw new Error(`Secret ${systemNamespace}/${authoritySecret.name} is changed by others all the time`)
    }
  }
}

/** Undefined when the Secret holds no authority: it is replaced then. */
export function readAuthority({ data = {} }: Pick<Secret, "data">): Authority | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString()
  const certificatePem = text("tls.crt")
  const privateKeyPem = text("tls.key")
  if (!certificatePem || !privateKeyPem) return undefined
  return { certificatePem, privateKeyPem, bundlePem: text("ca.crt") || certificatePem }
}

/** Tells one authority from another. */
export function fingerprintOf({ certificatePem }: Authority): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "").slice(0, 32).toLowerCase()
}

function endOf(certificatePem: string): number {
  return Date.parse(new X509Certificate(certificatePem).validTo)
}

function write(client: Client, existing: Secret | undefined, authority: Authority): Promise<Secret | undefined> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64")
  const data = {
    "tls.crt": base64(authority.certificatePem),
    "tls.key": base64(authority.privateKeyPem),
    "ca.crt": base64(authority.bundlePem),
  }
  const fresh: NewOf<typeof Secret> = {
    metadata: { ...authoritySecret, labels: { [labels.certificateUid]: authoritySecret.name } },
    type: "kubernetes.io/tls",
    data,
  }
  return (existing ? client.update(Secret, { ...existing, data }) : client.create(Secret, fresh)).catch(
    unless("AlreadyExists", "Conflict", "NotFound"),
  )
}

/** What a call answers in place of its refusal for one of these reasons. */
function unless(...reasons: readonly StatusReason[]): (error: unknown) => undefined {
  return (error) => {
    if (!isStatus(error, ...reasons)) throw error
    return undefined
  }
}
