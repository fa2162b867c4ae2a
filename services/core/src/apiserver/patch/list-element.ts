import { isObject } from "./json-value.ts"
import { fieldPlace, itemPlace, type ListShape, type SchemaPlace } from "./schema-walk.ts"

type Owned = Exclude<ListShape, { kind: "atomic" }>

/** How field sets name an item of a list at `at` that is owned item by item. */
export function elementOf(item: unknown, shape: Owned, at: SchemaPlace): string {
  if (shape.kind === "set") return `v:${JSON.stringify(item)}`
  let text = ""
  for (const key of shape.keys) {
    // Keys in order, with their schema's defaults where an item has none.
    const value = (isObject(item) ? item[key] : undefined) ?? fieldPlace(itemPlace(at), key).schema.default
    if (value !== undefined) text += `${text && ","}${JSON.stringify(key)}:${JSON.stringify(value)}`
  }
  return `k:{${text}}`
}

/** The items of a list by their elements, in order; more than one of an element is a mistake that is lived with. */
export function itemsOf(list: readonly unknown[], shape: Owned, at: SchemaPlace): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>()
  for (const item of list) {
    const element = elementOf(item, shape, at)
    const same = items.get(element)
    if (same) same.push(item)
    else items.set(element, [item])
  }
  return items
}
