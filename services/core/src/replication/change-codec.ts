import { ByteReader, ByteWriter, type Change, numberSizeMax } from "#store"
import { checksumSize, seal, unseal } from "./checksum.ts"

/** Bytes of a key in the state's table: six of revision and four of place, so that byte order is order of writing. */
const changeKeySize = 10

export function changeKey(revision: number, sub: number, key: Buffer = Buffer.allocUnsafe(changeKeySize)): Buffer {
  key.writeUIntBE(revision, 0, 6)
  key.writeUInt32BE(sub, 6)
  return key
}

export function readChangeKey(key: Uint8Array): { readonly revision: number; readonly sub: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  return { revision: bytes.readUIntBE(0, 6), sub: bytes.readUInt32BE(6) }
}

/**
 * All but the revision, which the key has: a checksum, which LMDB has none of, and the fields. The value is last, so
 * that it needs no length and can be a view. The checksum begins with the revision: a record in another's place is wrong.
 */
export function encodeChange({ key, value, createRevision, modRevision, version, lease }: Change): Buffer {
  const bytes = Buffer.allocUnsafe(checksumSize + 4 * numberSizeMax + key.length + value.length)
  const writer = new ByteWriter(bytes.subarray(checksumSize))
  writer.number(createRevision)
  writer.number(version)
  writer.number(lease)
  writer.key(key)
  writer.rest(value)
  return seal(bytes.subarray(0, checksumSize + writer.size), modRevision)
}

export function decodeChange(bytes: Uint8Array, modRevision: number): Change {
  const reader = new ByteReader(unseal(bytes, modRevision, "a change of revision", modRevision))
  const createRevision = reader.number()
  const version = reader.number()
  const lease = reader.number()
  const key = reader.key()
  return { key, value: reader.rest(), createRevision, modRevision, version, lease }
}

/** The value alone, in bytes of its own: `bytes` may soon be something else's. */
export function decodeValue(bytes: Uint8Array, modRevision: number): Buffer {
  const guarded = unseal(bytes, modRevision, "a change of revision", modRevision)
  const reader = new ByteReader(guarded)
  for (let field = 0; field < 3; field++) reader.number()
  reader.skip(reader.number())
  const value = Buffer.allocUnsafe(reader.left)
  guarded.copy(value, 0, guarded.length - value.length)
  return value
}
