import { crc32 } from "node:zlib"

/** The state's table holds something else than was written to it. */
export class CorruptStateError extends Error {
  override name = "CorruptStateError"
}

/** Bytes in front of what they guard: LMDB itself has no checksums. */
export const checksumSize = 4

/** Fills in the checksum of what follows it. `seed` is what else must be right, such as the place of the record. */
export function seal(bytes: Buffer, seed: number): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(checksumSize), seed % 2 ** 32))
  return bytes
}

/**
 * A view of what the checksum guards, once it is known to be what was sealed with this seed. `kind` and `name` say what it
 * should be.
 */
export function unseal(bytes: Uint8Array, seed: number, kind: string, name: string | number = ""): Buffer {
  // LMDB's own buffer says by its length how much of it is filled; the length of its bytes is another.
  const { length } = bytes
  if (length > checksumSize) {
    const guarded = Buffer.from(bytes.buffer, bytes.byteOffset + checksumSize, length - checksumSize)
    if (crc32(guarded, seed % 2 ** 32) === checksumOf(bytes)) return guarded
  }
  throw new CorruptStateError(
    `the state is damaged: what it has as ${`${kind} ${name}`.trim()} is not what was written. If this member has peers, remove it from the ` +
      "cluster, empty its directory and join it as a new member; if it is alone, restore a backup",
  )
}

function checksumOf(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24)) >>> 0
}
