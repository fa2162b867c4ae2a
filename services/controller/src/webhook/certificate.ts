import { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { Secret } from "@wick/sdk/api/core/secret"
import { isStatus, type StatusReason } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import { selfSigned } from "../authority/x509.ts"

/** A serving certificate and the authority that clients trust it by, PEM. */
export interface WebhookCertificate {
  readonly certificatePem: string
  readonly keyPem: string
  readonly authorityPem: string
}

const dayMs = 86_400_000
const lifetimeMs = 365 * dayMs
const renewBeforeMs = 30 * dayMs
const secretName = "webhook-certs"

/** Others may be making it at the same moment; one of them has made it by then. */
const triesMax = 5

/**
 * The certificate in the Secret `webhook-certs`, made anew when it is missing, about to expire, or for other names. It
 * signs itself, so it is its own authority; all controllers of one cluster use the one that was stored first.
 */
export async function webhookCertificate(
  client: Client,
  namespace: string,
  names: readonly string[],
  nowMs: number,
): Promise<WebhookCertificate> {
  for (let tried = 1; ; tried++) {
    const existing = await client.get(Secret, { name: secretName, namespace }).catch(unless("NotFound"))
    const found = existing && read(existing.data ?? {})
    if (found && isGood(found, names, nowMs)) return found
    const fresh = await made(names, nowMs)
    const stored = await (existing
      ? client.update(Secret, { ...existing, data: dataOf(fresh) })
      : client.create(Secret, { metadata: { name: secretName, namespace }, data: dataOf(fresh) })
    ).catch(unless("AlreadyExists", "Conflict", "NotFound"))
    if (stored) return fresh
    if (tried === triesMax) throw new Error(`Secret ${namespace}/${secretName} is changed by others all the time`)
  }
}

/** What a call answers in place of its refusal for one of these reasons. */
function unless(...reasons: readonly StatusReason[]): (error: unknown) => undefined {
  return (error) => {
    if (!isStatus(error, ...reasons)) throw error
    return undefined
  }
}

function dataOf({ certificatePem, keyPem, authorityPem }: WebhookCertificate): Record<string, string> {
  return {
    "server-cert.pem": base64(certificatePem),
    "server-key.pem": base64(keyPem),
    "ca-cert.pem": base64(authorityPem),
  }
}

function read(data: Readonly<Record<string, string>>): WebhookCertificate {
  const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString()
  return { certificatePem: text("server-cert.pem"), keyPem: text("server-key.pem"), authorityPem: text("ca-cert.pem") }
}

function isGood({ certificatePem, keyPem }: WebhookCertificate, names: readonly string[], nowMs: number): boolean {
  if (!certificatePem || !keyPem) return false
  const certificate = new X509Certificate(certificatePem)
  const lasts = Date.parse(certificate.validTo) - nowMs > renewBeforeMs
  return lasts && names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)))
}

async function made(names: readonly string[], nowMs: number): Promise<WebhookCertificate> {
  const { certificatePem, privateKeyPem } = await selfSigned("wick-webhook", { nowMs, lifetimeMs }, names)
  return { certificatePem, keyPem: privateKeyPem, authorityPem: certificatePem }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
