import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto"
import { WireError, WireReader, WireWriter } from "@wick/sdk/protobuf"
import { readAnnotation, type Wrapped, writeAnnotations } from "./messages.ts"

/** A value as Kubernetes stores it (`EncryptedObject`): sealed data, and the wrapped seed of its key. */
export interface SealedValue {
  readonly data: Buffer
  readonly seed: Wrapped
}

/** HKDF_SHA256_XNONCE_AES_GCM_SEED: what is wrapped is no key but a seed, and each value has a key of its own. */
const seedType = 1
const algorithm = "aes-256-gcm"
/** What a value's key is derived by: so large that it never comes twice, so that a seed is good for any number of values. */
const infoBytes = 32
const nonceBytes = 12
const tagBytes = 16

export function encodeSealed({ data, seed }: SealedValue): Buffer {
  const writer = new WireWriter()
  writer.number(5, seedType)
  writeAnnotations(writer, 4, seed.annotations)
  writer.bytes(3, seed.ciphertext)
  writer.text(2, seed.keyId)
  writer.bytes(1, data)
  return writer.finish()
}

/** Undefined: the bytes are none, or their seed is of a kind that nobody here knows. */
export function decodeSealed(bytes: Uint8Array): SealedValue | undefined {
  let data: Buffer = Buffer.alloc(0)
  let ciphertext: Buffer = Buffer.alloc(0)
  let keyId = ""
  let type = 0
  const annotations: Record<string, Buffer> = {}
  try {
    const reader = new WireReader(bytes)
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) data = reader.bytes()
      else if (field === 2) keyId = reader.text()
      else if (field === 3) ciphertext = reader.bytes()
      else if (field === 4) readAnnotation(reader, annotations)
      else if (field === 5) type = reader.number()
      else reader.skip()
    }
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
  if (type !== seedType || data.length < infoBytes + nonceBytes + tagBytes) return undefined
  return { data, seed: { ciphertext, keyId, annotations } }
}

/** Seals under a key derived from the seed; `context` is authenticated along. */
export function sealWith(seed: Buffer, plain: Uint8Array, context: Buffer): Buffer {
  const [info, nonce] = [randomBytes(infoBytes), randomBytes(nonceBytes)]
  const cipher = createCipheriv(algorithm, derivedKey(seed, info), nonce).setAAD(context)
  return Buffer.concat([info, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Undefined: it is damaged, or was sealed in another context or under another seed. */
export function openWith(seed: Buffer, sealed: Buffer, context: Buffer): Buffer | undefined {
  const nonceEnd = infoBytes + nonceBytes
  const key = derivedKey(seed, sealed.subarray(0, infoBytes))
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(infoBytes, nonceEnd), { authTagLength: tagBytes })
  decipher.setAAD(context).setAuthTag(sealed.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceEnd, -tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}

/** HKDF-Expand with SHA-256 (RFC 5869) to one block: the seed is random already, and needs no extraction. */
function derivedKey(seed: Buffer, info: Buffer): Buffer {
  return createHmac("sha256", seed).update(info).update(Buffer.of(1)).digest()
}
