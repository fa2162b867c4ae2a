import type { AnyObject } from "@wick/sdk/api/kind"
import { keyOfText, type Storage } from "#store"
import { decodeJson } from "../mirror.ts"

/** An object of the core group as it is in the store now; "" is the namespace of an object without one. */
export async function readCoreObject<Found = AnyObject>(
  storage: Storage,
  plural: string,
  namespace: string,
  name: string,
): Promise<Found | undefined> {
  const { kvs } = await storage.range({ key: coreKey(plural, namespace, name), serializable: true })
  const [found] = kvs
  return found && decodeJson<Found>(found.value)
}

export function coreKey(plural: string, namespace: string, name: string): string {
  return keyOfText(`/registry/core/${plural}/${namespace === "" ? "" : `${namespace}/`}${name}`)
}
