import { describePath, type FieldPath } from "./field-set.ts"
import { isObject } from "./json-value.ts"
import { itemsOf } from "./list-element.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "./schema-walk.ts"

/** Where an applied object names an item of a list twice, so that nobody could say which of them is meant. */
export function duplicateItem(value: unknown, at: SchemaPlace, path: FieldPath = []): string | undefined {
  const { list: shape } = at
  if (Array.isArray(value)) {
    if (shape.kind === "atomic") return undefined
    for (const [element, items] of itemsOf(value, shape, at)) {
      const key = describePath([element])
      if (items.length > 1) return `${describePath(path)}: duplicate entries for key ${key}`
      const found = duplicateItem(items[0], itemPlace(at), [...path, element])
      if (found) return found
    }
  } else if (isObject(value) && !at.isAtomic) {
    for (const [name, child] of Object.entries(value)) {
      if (child === null || typeof child !== "object") continue
      const found = duplicateItem(child, fieldPlace(at, name), [...path, `f:${name}`])
      if (found) return found
    }
  }
  return undefined
}
