import { type KeyObject, sign } from "node:crypto"

/** Whom a certificate should name: `CN` is the user, each `O` a group. */
export interface RequestSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
}

/** Tags of DER (X.690) that a request is made of. */
const tags = { integer: 0x02, bits: 0x03, objectId: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 }

/** Object identifiers, in their DER form. */
const commonNameId = Buffer.from("550403", "hex")
const organizationId = Buffer.from("55040a", "hex")
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758). */
const ecdsaSha256Id = Buffer.from("2a8648ce3d040302", "hex")

/**
 * A request for a certificate (PKCS #10, RFC 2986) for `keys`, a pair on P-256; PEM. Written by hand, as it is five
 * fields: version, subject, public key, no attributes, signature.
 */
export function certificateRequest(
  subject: RequestSubject,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): string {
  const names = [
    ...subject.organizations.map((organization) => relativeName(organizationId, organization)),
    relativeName(commonNameId, subject.commonName),
  ]
  const info = der(
    tags.sequence,
    der(tags.integer, Buffer.of(0)),
    der(tags.sequence, ...names),
    keys.publicKey.export({ type: "spki", format: "der" }),
    der(tags.attributes),
  )
  const algorithm = der(tags.sequence, der(tags.objectId, ecdsaSha256Id))
  const signature = der(tags.bits, Buffer.of(0), sign("sha256", info, keys.privateKey))
  const lines =
    der(tags.sequence, info, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`
}

function relativeName(id: Buffer, text: string): Buffer {
  return der(tags.set, der(tags.sequence, der(tags.objectId, id), der(tags.utf8, Buffer.from(text))))
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), length(content.length), content])
}

/** Up to 127 one byte; beyond, a byte that says how many follow. */
function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.of(bytes)
  return bytes < 0x100 ? Buffer.of(0x81, bytes) : Buffer.of(0x82, bytes >> 8, bytes & 0xff)
}
