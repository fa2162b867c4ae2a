import { createPrivateKey, X509Certificate } from "node:crypto"
import type { NewOf } from "@wick/sdk/api"
import type { Secret } from "@wick/sdk/api/core/secret"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { annotations, labels } from "../../labels.ts"
import { ownedBy } from "../../owner.ts"
import type { Chain } from "./issuer.ts"

/** What a stored certificate says, as far as the rule of renewal asks. */
export interface ChainFacts {
  readonly domains: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Who made it, as it was noted then. */
  readonly issuer: string | undefined
}

/** Undefined when there is no certificate in the Secret, or one without its key. */
export function chainFacts({ metadata, data = {} }: Secret): ChainFacts | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString()
  try {
    const certificate = new X509Certificate(text("tls.crt"))
    if (!certificate.checkPrivateKey(createPrivateKey(text("tls.key")))) return undefined
    return {
      domains: domainsOf(certificate.subjectAltName ?? ""),
      notBeforeMs: Date.parse(certificate.validFrom),
      notAfterMs: Date.parse(certificate.validTo),
      issuer: metadata.annotations?.[annotations.certificateIssuer],
    }
  } catch {
    // Whoever wrote it wrote nonsense: as good as nothing, and replaced.
    return undefined
  }
}

/** `DNS:a.test, DNS:*.b.test` → the names alone. */
function domainsOf(subjectAltName: string): string[] {
  return subjectAltName.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4)] : []))
}

/** The Secret in which a certificate is handed out; it goes with its Certificate. */
export function chainSecret(certificate: Certificate, chain: Chain, issuer: string): NewOf<typeof Secret> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64")
  const { name, namespace, uid } = certificate.metadata
  return {
    metadata: {
      name: certificate.spec.secretName,
      namespace,
      labels: { [labels.certificateUid]: uid },
      annotations: { [annotations.certificateIssuer]: issuer },
      ownerReferences: [ownedBy({ ...certificate, metadata: { name, uid } })],
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": base64(chain.chainPem),
      "tls.key": base64(chain.privateKeyPem),
      ...(chain.authorityPem !== undefined && { "ca.crt": base64(chain.authorityPem) }),
    },
  }
}
