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

/** The bytes as a Buffer, once they are known to be what was sealed with this seed. */
export function unseal(bytes: Uint8Array, seed: number, what: string): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isIntact =
    buffer.length > checksumSize && crc32(buffer.subarray(checksumSize), seed % 2 ** 32) === buffer.readUInt32LE(0)
  if (isIntact) return buffer
  throw new CorruptStateError(
    `the state is damaged: what it has as ${what} is not what was written. If this member has peers, remove it from the ` +
      "cluster, empty its directory and join it as a new member; if it is alone, restore a backup",
  )
}
