import { parseObject } from "./object-bytes.ts"
import type { ServedResource } from "./served-resource.ts"

/** The bytes of a stored object as it is asked for: custom versions differ in nothing but their name. */
export function inVersion({ apiVersion, storageApiVersion, behind }: ServedResource, bytes: Buffer): Buffer {
  if (behind) return Buffer.from(JSON.stringify(behind.fromStored(parseObject(bytes))))
  if (apiVersion === storageApiVersion) return bytes
  const stored = Buffer.from(`{"apiVersion":${JSON.stringify(storageApiVersion)}`)
  if (!bytes.subarray(0, stored.length).equals(stored)) return bytes
  return Buffer.concat([Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)}`), bytes.subarray(stored.length)])
}
