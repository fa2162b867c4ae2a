import { keyValue } from "#etcd-wire"
import type { KeptChange } from "#store"

/** Name of the bucket in which etcd keeps all versions of all keys. */
export const keyBucket = Buffer.from("key")
const revisionSize = 17
const tombstoneMark = 0x74

/** A revision as etcd writes it: main, an underscore, sub. */
export function revisionBytes(main: number, sub: number): Buffer {
  const bytes = Buffer.alloc(revisionSize)
  bytes.writeBigUInt64BE(BigInt(main), 0)
  bytes[8] = 0x5f
  bytes.writeBigUInt64BE(BigInt(sub), 9)
  return bytes
}

/** A change as etcd keeps it in its backend: byte for byte, so that checksums over it are the same. */
export function backendRecord({ sub, kv }: KeptChange): { readonly key: Buffer; readonly value: Buffer } {
  const revision = revisionBytes(kv.modRevision, sub)
  if (kv.version > 0) return { key: revision, value: keyValue.encode(kv) }
  return { key: Buffer.concat([revision, Buffer.of(tombstoneMark)]), value: keyValue.encode({ key: kv.key }) }
}
