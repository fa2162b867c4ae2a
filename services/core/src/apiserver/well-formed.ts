/** Whether a text may hold half a surrogate pair, written as an escape; such text is rare. */
const halfPair = /\\[uU][dD][89a-fA-F]/

/**
 * A decoded JSON value whose strings are all Unicode: half a surrogate pair, which JSON can write but UTF-8 cannot, is
 * U+FFFD as Go's decoder reads it. Otherwise two names that differ in memory would be one key in the store.
 */
export function wellFormed(value: unknown, text: string): unknown {
  return halfPair.test(text) ? mended(value) : value
}

function mended(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed()
  if (Array.isArray(value)) return value.map(mended)
  if (value === null || typeof value !== "object") return value
  const object = {}
  for (const [key, field] of Object.entries(value)) {
    const descriptor = { value: mended(field), enumerable: true, configurable: true, writable: true }
    Object.defineProperty(object, key.toWellFormed(), descriptor)
  }
  return object
}
