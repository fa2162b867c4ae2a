import { webcrypto } from "node:crypto"
import { isIP } from "node:net"
import type { Credential, Subject } from "./certificate.ts"

const dayMs = 86_400_000
/** Long enough that no host outlives its authority by accident. */
const authorityLifetimeMs = 3650 * dayMs
/** Renewed with a third left: every eight months at the latest, at a start. */
export const certificateLifetimeMs = 365 * dayMs
/** Hosts that talk to each other differ in their clocks; a certificate made this moment is good on all of them. */
const clockSkewMs = 5 * 60_000

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }

/**
 * The X.509 library is large and needed only on the days on which a certificate is made, so it is loaded then. It wants
 * the metadata polyfill to be there before it.
 */
async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata")
  const x509 = await import("@peculiar/x509")
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  return x509
}

/** A new private authority: a self-signed certificate that may sign leaves and nothing else. */
export async function createAuthority(commonName: string, nowMs: number): Promise<Credential> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(nowMs, authorityLifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem: await exportKey(keys.privateKey) }
}

/** A certificate for `subject` with a key of its own, signed by `authority`. */
export async function issueCertificate(
  authority: Credential,
  subject: Subject,
  nowMs: number,
  lifetimeMs: number = certificateLifetimeMs,
): Promise<Credential> {
  const x509 = await loadX509()
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const keys = await generateKeys()
  const purpose = subject.use === "client" ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth
  const organizations = subject.organizations.map((organization) => ({ O: [organization] }))
  const names = subject.names.map((name) => ({ type: isIP(name) ? ("ip" as const) : ("dns" as const), value: name }))
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...organizations, { CN: [subject.commonName] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    signingAlgorithm: algorithm,
    ...validity(nowMs, lifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem: await exportKey(keys.privateKey) }
}

function validity(nowMs: number, lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - clockSkewMs), notAfter: new Date(nowMs + lifetimeMs) }
}

async function generateKeys(): Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key as webcrypto.CryptoKey))
  const lines = der.toString("base64").match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64")
  return (await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"])) as CryptoKey
}
