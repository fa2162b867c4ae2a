/** One operation of a JSON Patch, as it came over the wire. */
export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test"
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value)
}

/** Equality of JSON values; the order of an object's keys does not matter. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((each, at) => jsonEqual(each, b[at]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]))
}

/** A copy of a JSON value that shares nothing with it. Several times as quick as structuredClone, which knows more. */
export function copyJson<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyJson) as Value
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setField(copy, key, copyJson(value[key]))
  return copy as Value
}

/** Sets a field of the object itself, also one called `__proto__`: no document can reach the prototype of anything. */
export function setField(object: object, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { ...ownField, value })
  else (object as JsonObject)[key] = value
}

const ownField = { writable: true, enumerable: true, configurable: true }
