import { WireReader, WireWriter } from "@wick/sdk/protobuf"

/** Messages of the service v2.KeyManagementService, by which a provider keeps the keys that seed keys are wrapped with. */
export interface KmsStatus {
  readonly version: string
  /** `ok`, or what is wrong. */
  readonly health: string
  /** Of the key that encrypts now; another one means that the key was rotated. */
  readonly keyId: string
}

export type Annotations = Readonly<Record<string, Buffer>>

export interface Wrapped {
  readonly ciphertext: Buffer
  readonly keyId: string
  /** What the provider wants back with the ciphertext. */
  readonly annotations: Annotations
}

export function decodeStatus(bytes: Uint8Array): KmsStatus {
  const status = { version: "", health: "", keyId: "" }
  const reader = new WireReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) status.version = reader.text()
    else if (field === 2) status.health = reader.text()
    else if (field === 3) status.keyId = reader.text()
    else reader.skip()
  }
  return status
}

export function encodeEncrypt({ plaintext, uid }: { plaintext: Uint8Array; uid: string }): Buffer {
  const writer = new WireWriter()
  writer.text(2, uid)
  writer.bytes(1, plaintext)
  return writer.finish()
}

export function decodeEncrypted(bytes: Uint8Array): Wrapped {
  const wrapped = { ciphertext: Buffer.alloc(0), keyId: "", annotations: {} as Record<string, Buffer> }
  const reader = new WireReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) wrapped.ciphertext = Buffer.from(reader.bytes())
    else if (field === 2) wrapped.keyId = reader.text()
    else if (field === 3) readAnnotation(reader, wrapped.annotations)
    else reader.skip()
  }
  return wrapped
}

export function encodeDecrypt({ ciphertext, keyId, annotations }: Wrapped, uid: string): Buffer {
  const writer = new WireWriter()
  writeAnnotations(writer, 4, annotations)
  writer.text(3, keyId)
  writer.text(2, uid)
  writer.bytes(1, ciphertext)
  return writer.finish()
}

export function decodeDecrypted(bytes: Uint8Array): Buffer {
  let plaintext = Buffer.alloc(0)
  const reader = new WireReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) plaintext = Buffer.from(reader.bytes())
    else reader.skip()
  }
  return plaintext
}

/** An entry of a map is a message of its key and its value. */
export function readAnnotation(reader: WireReader, annotations: Record<string, Buffer>): void {
  const entry = reader.message()
  let key = ""
  let value = Buffer.alloc(0)
  for (let field = entry.next(); field !== 0; field = entry.next()) {
    if (field === 1) key = entry.text()
    else if (field === 2) value = Buffer.from(entry.bytes())
    else entry.skip()
  }
  annotations[key] = value
}

export function writeAnnotations(writer: WireWriter, number: number, annotations: Annotations): void {
  for (const [key, value] of Object.entries(annotations)) {
    const before = writer.length
    writer.bytes(2, value)
    writer.text(1, key)
    writer.head(number, before)
  }
}
