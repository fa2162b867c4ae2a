import type { AnyObject } from "@wick/sdk/api/kind"
import { parseObject } from "./object-bytes.ts"
import type { ServedResource } from "./served-resource.ts"

const versionStart = Buffer.from('{"apiVersion":"')
const quote = 0x22

/** The version that a stored object is written in: its first field. */
export function versionOf(bytes: Buffer): string {
  return bytes.toString("utf8", versionStart.length, bytes.indexOf(quote, versionStart.length))
}

/** Whether the bytes can be served as they are stored. */
export function isServedAsStored({ apiVersion, behind, custom }: ServedResource, bytes: Buffer): boolean {
  // Built-in objects are stored in the one version of their kind.
  if (!custom) return behind === undefined
  const end = versionStart.length + apiVersion.length
  return bytes[end] === quote && bytes.toString("latin1", versionStart.length, end) === apiVersion
}

/** The bytes of a stored object as it is asked for, where its versions differ in nothing but their name. */
export function renamed(resource: ServedResource, bytes: Buffer): Buffer {
  const { apiVersion, behind } = resource
  if (behind) return Buffer.from(JSON.stringify(behind.fromStored(parseObject(bytes))))
  if (isServedAsStored(resource, bytes)) return bytes
  const rest = bytes.subarray(bytes.indexOf(quote, versionStart.length))
  const served = Buffer.concat([versionStart, Buffer.from(apiVersion), rest])
  if (!resource.conform) return served
  // Another version has another schema.
  const object = parseObject(served)
  return resource.conform(object) ? Buffer.from(JSON.stringify(object)) : served
}

/** Stored objects as they are asked for, in order. Those that must be converted are so in one go. */
export async function inVersion(resource: ServedResource, stored: readonly Buffer[]): Promise<readonly Buffer[]> {
  const { conversion, apiVersion } = resource
  if (!resource.custom && !resource.behind) return stored
  if (!conversion) return stored.map((bytes) => renamed(resource, bytes))
  const others = stored.filter((bytes) => !isServedAsStored(resource, bytes))
  if (others.length === 0) return stored
  const converted = await conversion(others.map(parseObject), apiVersion)
  let next = 0
  return stored.map((bytes) =>
    isServedAsStored(resource, bytes) ? bytes : Buffer.from(JSON.stringify(inSchema(resource, converted[next++]))),
  )
}

function inSchema(resource: ServedResource, object: AnyObject | undefined): AnyObject | undefined {
  if (object) resource.conform?.(object)
  return object
}

/** An object in another version of its resource. */
export async function objectInVersion(
  resource: ServedResource,
  object: AnyObject,
  apiVersion: string,
): Promise<AnyObject> {
  const { conversion } = resource
  if (object.apiVersion === apiVersion) return object
  const [converted] = conversion ? await conversion([object], apiVersion) : [{ ...structuredClone(object), apiVersion }]
  return inSchema(resource, converted) ?? object
}
