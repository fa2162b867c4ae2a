import { createPrivateKey, X509Certificate } from "node:crypto"

/** A certificate and its private key, both PEM. The key never goes into a log, an error or an object of the API. */
export interface Credential {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** What is asked of a certificate: whom it names, and what it may be used for. */
export interface Subject {
  readonly commonName: string
  /** Kubernetes reads them as groups. */
  readonly organizations: readonly string[]
  /** `peer`: both sides of a connection between equals. */
  readonly use: "client" | "serving" | "peer"
  /** DNS names and IP addresses that a serving certificate is good for. */
  readonly names: readonly string[]
}

/** What a certificate says, as far as the rule of rotation asks. */
export interface CertificateFacts {
  readonly subject: Subject
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Whether the authority at hand signed it. */
  readonly ours: boolean
}

export function readCertificate(pem: string, authorityPem: string): CertificateFacts {
  const certificate = new X509Certificate(pem)
  const authority = new X509Certificate(authorityPem)
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>
  return {
    subject: {
      commonName: [subject.CN ?? ""].flat()[0] ?? "",
      organizations: [subject.O ?? []].flat(),
      use: useOf(certificate.keyUsage ?? []),
      names: namesOf(certificate.subjectAltName ?? ""),
    },
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    ours: certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  }
}

/** Whether the two halves belong together. */
export function isPair({ certificatePem, privateKeyPem }: Credential): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))
}

/** Extended key usages, by OID as Node gives them. */
const serverAuth = "1.3.6.1.5.5.7.3.1"
const clientAuth = "1.3.6.1.5.5.7.3.2"

function useOf(usages: readonly string[]): Subject["use"] {
  if (!usages.includes(serverAuth)) return "client"
  return usages.includes(clientAuth) ? "peer" : "serving"
}

/** `DNS:localhost, IP Address:127.0.0.1` → the names alone. */
function namesOf(subjectAltName: string): string[] {
  return subjectAltName
    .split(", ")
    .filter((entry) => entry !== "")
    .map((entry) => canonicalName(entry.replace(/^(DNS|IP Address):/, "")))
}

/** One spelling of an IPv6 address; other names as they are. */
export function canonicalName(name: string): string {
  if (!name.includes(":")) return name.toLowerCase()
  return new URL(`http://[${name}]`).hostname.slice(1, -1)
}
