import type { AnyObject } from "@wick/sdk/api"

const metadataStart = Buffer.from('"metadata":{')

/**
 * An object as it is stored: JSON with `apiVersion`, `kind` and `metadata` first and without a resourceVersion, which is
 * the revision of the write itself and so is known only after it.
 */
export function encodeStored(object: AnyObject): Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object
  const { resourceVersion: _, ...meta } = metadata
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: meta, ...rest }))
}

/**
 * The object as it is served: the stored bytes with the resourceVersion put in, without a parse. In memory of its own:
 * a part of Buffer's pool would keep all of the pool for as long as the object is cached.
 */
export function withResourceVersion(stored: Uint8Array, revision: number): Buffer {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  const at = bytes.indexOf(metadataStart) + metadataStart.length
  const field = `"resourceVersion":"${revision}"${bytes[at] === 0x7d ? "" : ","}`
  const served = Buffer.allocUnsafeSlow(bytes.length + field.length)
  bytes.copy(served, 0, 0, at)
  served.write(field, at, "latin1")
  bytes.copy(served, at + field.length, at)
  return served
}

export function parseObject(bytes: Uint8Array): AnyObject {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as AnyObject
}
