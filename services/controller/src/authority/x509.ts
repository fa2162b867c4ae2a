import { createPublicKey, webcrypto } from "node:crypto"
import { isIP } from "node:net"

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
/** Hosts differ in their clocks; a certificate made this moment is good on all of them. */
const clockSkewMs = 5 * 60_000
/** Longest common name (RFC 5280, ub-common-name). Nobody reads it any more; a longer one is left out. */
const commonNameMax = 64

/** A certificate and its key, PEM. The key goes into no log and no error. */
export interface Credential {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

export interface Validity {
  readonly nowMs: number
  readonly lifetimeMs: number
}

/**
 * The X.509 library is large and needed only on days on which a certificate is made, so it is loaded then. It wants the
 * metadata polyfill to be there before it.
 */
async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata")
  const x509 = await import("@peculiar/x509")
  x509.cryptoProvider.set(webcrypto as unknown as Crypto)
  return x509
}

/** A certificate that vouches for itself and may sign leaves; with names it serves under them too. */
export async function selfSigned(
  commonName: string,
  validity: Validity,
  names: readonly string[] = [],
): Promise<Credential> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const { digitalSignature, keyCertSign } = x509.KeyUsageFlags
  const serving =
    names.length === 0
      ? []
      : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]), alternativeNames(x509, names)]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    ...period(validity),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(digitalSignature | keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...serving,
    ],
  })
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem: await exportKey(keys.privateKey) }
}

/** A serving certificate for `names`, signed by `authority`. */
export async function signedBy(
  authority: Credential,
  names: readonly string[],
  validity: Validity,
): Promise<Credential> {
  const x509 = await loadX509()
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const keys = await generateKeys()
  const [first = ""] = names
  const certificate = await x509.X509CertificateGenerator.create({
    subject: first.length > commonNameMax ? [] : [{ CN: [first] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    signingAlgorithm: algorithm,
    ...period(validity),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      alternativeNames(x509, names),
    ],
  })
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem: await exportKey(keys.privateKey) }
}

/** What shows an authority a key and the names that it is to be certified for (PKCS #10), DER. */
export async function signingRequest(names: readonly string[], privateKeyPem: string): Promise<Buffer> {
  const x509 = await loadX509()
  const spki = createPublicKey(privateKeyPem).export({ type: "spki", format: "der" })
  const publicKey = await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [],
    keys: { publicKey: publicKey as CryptoKey, privateKey: await importKey(privateKeyPem) },
    signingAlgorithm: algorithm,
    extensions: [alternativeNames(x509, names)],
  })
  return Buffer.from(request.rawData)
}

function alternativeNames(x509: typeof import("@peculiar/x509"), names: readonly string[]) {
  return new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })))
}

function period({ nowMs, lifetimeMs }: Validity): { notBefore: Date; notAfter: Date } {
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
