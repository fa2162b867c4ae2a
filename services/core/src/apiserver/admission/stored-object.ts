import type { AnyObject } from "@wick/sdk/api/kind"
import { keyOfText, prefixEnd, type Storage } from "#store"
import { decodeJson } from "../mirror.ts"

/** An object of the core group as it is in the store now; "" is the namespace of an object without one. */
export function readCoreObject<Found = AnyObject>(
  storage: Storage,
  plural: string,
  namespace: string,
  name: string,
): Promise<Found | undefined> {
  return read(storage, coreKey(plural, namespace, name))
}

export function coreKey(plural: string, namespace: string, name: string): string {
  return keyOfText(`/registry/core/${plural}/${namespace === "" ? "" : `${namespace}/`}${name}`)
}

/** A class (of storage, of runtimes, …) by its name, as it is in the store now. `resource` is `group/plural`. */
export function readClass<Found>(storage: Storage, resource: string, name: string): Promise<Found | undefined> {
  return read(storage, keyOfText(`/registry/${resource}/${name}`))
}

/** All classes of a resource as they are in the store now. They are few. */
export async function readClasses<Found>(storage: Storage, resource: string): Promise<Found[]> {
  const prefix = `/registry/${resource}/`
  const { kvs } = await storage.range({ key: prefix, end: prefixEnd(prefix), serializable: true })
  return kvs.map(({ value }) => decodeJson<Found>(value))
}

async function read<Found>(storage: Storage, key: string): Promise<Found | undefined> {
  const { kvs } = await storage.range({ key, serializable: true })
  const [found] = kvs
  return found && decodeJson<Found>(found.value)
}
