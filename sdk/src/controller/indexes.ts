import type { CachedObject, IndexFunction } from "./cache.ts"

/** Index functions that many controllers need: `informers(Pod, { indexes: { owner: byOwner, app: byLabel("app") } })`. */

export const byNamespace: IndexFunction<CachedObject> = ({ metadata }) => [metadata.namespace ?? ""]

/** By the uid of each owner: names come again, uids do not. */
export const byOwner: IndexFunction<CachedObject> = ({ metadata }) =>
  (metadata.ownerReferences ?? []).map(({ uid }) => uid)

/** By the value of one label; objects without it are in no place of the index. */
export function byLabel(key: string): IndexFunction<CachedObject> {
  return ({ metadata }) => {
    const labels = metadata.labels ?? {}
    return Object.hasOwn(labels, key) ? [labels[key] as string] : []
  }
}

/** By the text at a path such as `spec.nodeName`; absent is "", as a field selector has it. */
export function byField(path: string): IndexFunction<CachedObject> {
  const names = path.replace(/^\./, "").split(".")
  return (item) => {
    let value: unknown = item
    for (const name of names) value = (value as Record<string, unknown> | null | undefined)?.[name]
    return [value === undefined || value === null ? "" : String(value)]
  }
}
