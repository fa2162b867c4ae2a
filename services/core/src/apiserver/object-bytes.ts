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

/** The object as it is served: the stored bytes with the resourceVersion put in, without a parse. */
export function withResourceVersion(stored: Uint8Array, revision: number): Buffer {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  const at = bytes.indexOf(metadataStart) + metadataStart.length
  const comma = bytes[at] === 0x7d ? "" : ","
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(`"resourceVersion":"${revision}"${comma}`),
    bytes.subarray(at),
  ])
}

export function parseObject(bytes: Uint8Array): AnyObject {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as AnyObject
}
