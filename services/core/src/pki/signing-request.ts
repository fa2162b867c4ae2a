import { loadX509 } from "@wick/sdk/x509"
import { certificateLifetimeMs, signLeaf } from "./authority.ts"
import { type Credential, readCertificate } from "./certificate.ts"

/** Whom a request for a certificate (PKCS #10) names. */
export interface RequestedSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Other names that the certificate should be good for. */
  readonly dns: readonly string[]
  readonly ip: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
}

/** What is signed: somebody's request, and what the authority makes of it. */
export interface SigningOrder {
  readonly requestPem: string
  /** `client auth`, `digital signature`, … as Kubernetes names them; others are left out. */
  readonly usages: readonly string[]
  /** Cut to what the authority itself lives. */
  readonly lifetimeMs: number | undefined
}

const label = "CERTIFICATE REQUEST"

/** Reads a request and checks that whoever made it has its key; throws an error that says what is wrong with it. */
export async function readSigningRequest(pem: string): Promise<RequestedSubject> {
  const request = await parse(pem)
  const x509 = await loadX509()
  const alternative = request.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
  const names = alternative instanceof x509.SubjectAlternativeNameExtension ? alternative.names.items : []
  const ofType = (type: string): string[] => names.filter((name) => name.type === type).map(({ value }) => value)
  return {
    commonName: request.subjectName.getField("CN")[0] ?? "",
    organizations: request.subjectName.getField("O"),
    dns: ofType("dns"),
    ip: ofType("ip"),
    email: ofType("email"),
    uri: ofType("url"),
  }
}

/**
 * The certificate, PEM, that a request asks for. Only names are taken over from the request: that it makes no authority
 * and what it may be used for is ours to say.
 */
export async function signRequest(authority: Credential, order: SigningOrder, nowMs: number): Promise<string> {
  const request = await parse(order.requestPem)
  const { commonName, organizations, dns, ip, email, uri } = await readSigningRequest(order.requestPem)
  const named = (type: "dns" | "ip" | "email" | "url") => (value: string) => ({ type, value })
  const names = [
    ...dns.map(named("dns")),
    ...ip.map(named("ip")),
    ...email.map(named("email")),
    ...uri.map(named("url")),
  ]
  const { notAfterMs } = readCertificate(authority.certificatePem, authority.certificatePem)
  return signLeaf(authority, {
    commonName,
    organizations,
    names,
    usages: order.usages,
    publicKey: request.publicKey,
    nowMs,
    lifetimeMs: Math.min(order.lifetimeMs ?? certificateLifetimeMs, notAfterMs - nowMs),
  })
}

async function parse(pem: string): Promise<import("@peculiar/x509").Pkcs10CertificateRequest> {
  const x509 = await loadX509()
  const [block, ...more] = blocksOf(pem)
  if (block?.label !== label || more.length > 0) throw new Error(`PEM block type must be ${label}`)
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(block.base64, "base64"))
  if (!(await request.verify())) throw new Error("the signature of the request does not fit its public key")
  return request
}

function blocksOf(pem: string): { label: string; base64: string }[] {
  const blocks = pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g)
  return [...blocks].map(([, name = "", base64 = ""]) => ({ label: name, base64 }))
}
