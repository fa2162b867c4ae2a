import { createPublicKey, webcrypto } from "node:crypto"
import { isIP } from "node:net"
import { exportKey, generateKeys, importKey, keyAlgorithm, loadX509, period, type Validity } from "@wick/sdk/x509"

/** Longest common name (RFC 5280, ub-common-name). Nobody reads it any more; a longer one is left out. */
const commonNameMax = 64

/** A certificate and its key, PEM. The key goes into no log and no error. */
export interface Credential {
  readonly certificatePem: string
  readonly privateKeyPem: string
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
    signingAlgorithm: keyAlgorithm,
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
    signingAlgorithm: keyAlgorithm,
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
  const publicKey = await webcrypto.subtle.importKey("spki", spki, keyAlgorithm, true, ["verify"])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [],
    keys: { publicKey: publicKey as CryptoKey, privateKey: await importKey(privateKeyPem) },
    signingAlgorithm: keyAlgorithm,
    extensions: [alternativeNames(x509, names)],
  })
  return Buffer.from(request.rawData)
}

function alternativeNames(x509: typeof import("@peculiar/x509"), names: readonly string[]) {
  return new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })))
}
