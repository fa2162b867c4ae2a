import type { ServedResource } from "./served-resource.ts"

/** The bytes of a stored object in the version that was asked for: versions differ in nothing but their name. */
export function inVersion({ apiVersion, storageApiVersion }: ServedResource, bytes: Buffer): Buffer {
  if (apiVersion === storageApiVersion) return bytes
  const stored = Buffer.from(`{"apiVersion":${JSON.stringify(storageApiVersion)}`)
  if (!bytes.subarray(0, stored.length).equals(stored)) return bytes
  return Buffer.concat([Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)}`), bytes.subarray(stored.length)])
}
