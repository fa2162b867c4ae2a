/** Whether two values print the same as JSON, whatever the order of their keys; `undefined` is absence. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((each, index) => sameJson(each, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  const names = present(a)
  return names.length === present(b).length && names.every((name) => sameJson(a[name], b[name]))
}

function present(object: Record<string, unknown>): string[] {
  return Object.keys(object).filter((name) => object[name] !== undefined)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value)
}
