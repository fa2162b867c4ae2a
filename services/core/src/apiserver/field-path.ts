/** The value at a path such as `.spec.nodeName` or `spec.replicas`; map keys may be written in brackets. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const part of pathParts(path)) {
    if (value === null || typeof value !== "object") return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}

/** Sets the value at a path in place, making the objects on the way. */
export function setAt(object: object, path: string, value: unknown): void {
  const parts = pathParts(path)
  const last = parts.pop()
  let at = object as Record<string, unknown>
  for (const part of parts) {
    at[part] ??= {}
    at = at[part] as Record<string, unknown>
  }
  if (last !== undefined) at[last] = value
}

/** `.a.b['c.d']` → a, b, c.d */
export function pathParts(path: string): string[] {
  return [...path.matchAll(/\['([^']+)'\]|\["([^"]+)"\]|([^.[\]]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  )
}
