import { isIP } from "node:net"
import { exportKey, generateKeys, importKey, keyAlgorithm, loadX509, period } from "@wick/sdk/x509"
import type { Credential, Subject } from "./certificate.ts"

const dayMs = 86_400_000
/** Long enough that no host outlives its authority by accident. */
const authorityLifetimeMs = 3650 * dayMs
/** Renewed with a third left: every eight months at the latest, at a start. */
export const certificateLifetimeMs = 365 * dayMs
/** A new private authority: a self-signed certificate that may sign leaves and nothing else. */
export async function createAuthority(commonName: string, nowMs: number): Promise<Credential> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: keyAlgorithm,
    ...period({ nowMs, lifetimeMs: authorityLifetimeMs }),
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
  const keys = await generateKeys()
  const certificatePem = await signLeaf(authority, {
    commonName: subject.commonName,
    organizations: subject.organizations,
    names: subject.names.map((name) => ({ type: isIP(name) ? ("ip" as const) : ("dns" as const), value: name })),
    usages: ["digital signature", ...purposesOf[subject.use]],
    publicKey: keys.publicKey,
    nowMs,
    lifetimeMs,
  })
  return { certificatePem, privateKeyPem: await exportKey(keys.privateKey) }
}

const purposesOf: Readonly<Record<Subject["use"], readonly string[]>> = {
  client: ["client auth"],
  serving: ["server auth"],
  peer: ["client auth", "server auth"],
}

/** A certificate that makes no authority: whom it names, whose key it vouches for, and what it may be used for. */
export interface Leaf {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly names: readonly { readonly type: "dns" | "ip" | "email" | "url"; readonly value: string }[]
  /** As Kubernetes names them. */
  readonly usages: readonly string[]
  readonly publicKey: import("@peculiar/x509").PublicKeyType
  readonly nowMs: number
  readonly lifetimeMs: number
}

/** Bits of the key usage extension (RFC 5280, 4.2.1.3). */
const keyUsages: Readonly<Record<string, number>> = { "digital signature": 1, "key encipherment": 4 }
const extendedUsages: Readonly<Record<string, string>> = {
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
}

/** Signs a leaf; its certificate as PEM. */
export async function signLeaf(authority: Credential, leaf: Leaf): Promise<string> {
  const x509 = await loadX509()
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const keyFlags = leaf.usages.reduce((flags, usage) => flags | (keyUsages[usage] ?? 0), 0)
  const purposes = leaf.usages.flatMap((usage) => extendedUsages[usage] ?? [])
  const organizations = leaf.organizations.map((organization) => ({ O: [organization] }))
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...organizations, ...(leaf.commonName === "" ? [] : [{ CN: [leaf.commonName] }])],
    issuer: issuer.subjectName,
    publicKey: leaf.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    signingAlgorithm: keyAlgorithm,
    ...period(leaf),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(keyFlags === 0 ? [] : [new x509.KeyUsagesExtension(keyFlags, true)]),
      new x509.ExtendedKeyUsageExtension(purposes),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(leaf.names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...leaf.names])] : []),
    ],
  })
  return `${certificate.toString("pem")}\n`
}
