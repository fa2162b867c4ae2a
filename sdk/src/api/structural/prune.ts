import { isObject, type Json, pathText, type Shape } from "./shape.ts"

/** Removes, in place, the fields that the shape does not know, and returns their paths in the order of the object. */
export function prune(shape: Shape, value: unknown): string[] {
  const removed: string[] = []
  pruneAt(shape, value, [], removed)
  return removed
}

function pruneAt(shape: Shape, value: unknown, path: (string | number)[], removed: string[]): void {
  if (Array.isArray(value)) {
    const { items } = shape
    if (items === undefined) return
    for (let index = 0; index < value.length; index++) {
      path.push(index)
      pruneAt(items, value[index], path, removed)
      path.pop()
    }
  } else if (isObject(value)) {
    pruneObject(shape, value, path, removed)
  }
}

function pruneObject(shape: Shape, value: Json, path: (string | number)[], removed: string[]): void {
  for (const name in value) {
    const field = value[name]
    const known = shape.properties.get(name) ?? shape.additional
    if (known === "any" || (known === "none" && shape.open)) continue
    if (known === "none") {
      delete value[name]
      removed.push(pathText([...path, name]))
    } else if (typeof field === "object" && field !== null) {
      path.push(name)
      pruneAt(known, field, path, removed)
      path.pop()
    }
  }
}
