import type { ObjectMeta } from "../api/meta/object-meta.ts"

/** `namespace/name`, or the name alone: how controllers name an object in their queue. */
export function keyOf(object: { readonly metadata: ObjectMeta }): string {
  const { namespace, name = "" } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf("/")
  if (slash < 0) return { namespace: undefined, name: key }
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
