import { isObject, type JsonObject, setField } from "./json-value.ts"

/** Applies a JSON Merge Patch (RFC 7396): null removes, an object merges, anything else replaces. `target` is left alone. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged: JsonObject = isObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null) delete merged[key]
    else setField(merged, key, applyMergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value))
  }
  return merged
}
