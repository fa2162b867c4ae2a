import { elementSet, type FieldSet, leaf } from "./field-set.ts"
import { isObject, type JsonObject } from "./json-value.ts"
import { itemsOf } from "./list-element.ts"
import { fieldPlace, isNamed, itemPlace, type SchemaPlace } from "./schema-walk.ts"

/**
 * What an object says something about: what an applier of it owns. A struct, whose fields its schema names, is not owned
 * itself, nor is a list or a map; their items and entries are.
 */
export function fieldsOf(value: unknown, at: SchemaPlace): FieldSet | undefined {
  return isWhole(value, at) ? leaf : partsOf(value, at)
}

function isWhole(value: unknown, at: SchemaPlace): boolean {
  if (Array.isArray(value)) return at.list.kind === "atomic"
  return at.isAtomic || !isObject(value)
}

function partsOf(value: unknown, at: SchemaPlace): FieldSet | undefined {
  return Array.isArray(value) ? listFields(value, at) : mapFields(value as JsonObject, at)
}

function mapFields(map: JsonObject, at: SchemaPlace): FieldSet | undefined {
  const fields: Record<string, FieldSet> = {}
  for (const [key, child] of Object.entries(map)) {
    if (child === undefined) continue
    const below = fieldPlace(at, key)
    const isEmpty = isObject(child) && Object.keys(child).length === 0
    const set = isWhole(child, below) ? leaf : elementSet(isEmpty || !isNamed(at, key), partsOf(child, below) ?? {})
    if (set) fields[`f:${key}`] = set
  }
  return elementSet(false, fields)
}

function listFields(list: readonly unknown[], at: SchemaPlace): FieldSet | undefined {
  const { list: shape } = at
  if (shape.kind === "atomic") return undefined
  const fields: Record<string, FieldSet> = {}
  const below = itemPlace(at)
  for (const [element, items] of itemsOf(list, shape, at)) {
    const isLeaf = items.length > 1 || isWhole(items[0], below)
    fields[element] = (isLeaf ? leaf : elementSet(true, partsOf(items[0], below) ?? {})) ?? leaf
  }
  return elementSet(false, fields)
}

/**
 * All of a value that was not there before, itself and what it is in included: what a writer owns who brought it. Unlike an
 * applier, he owns structs, maps and lists as well.
 */
export function wholeOf(value: unknown, at: SchemaPlace): FieldSet {
  if (isWhole(value, at)) return leaf
  const parts: Record<string, FieldSet> = {}
  if (!Array.isArray(value)) {
    for (const [key, child] of Object.entries(value as JsonObject)) {
      if (child !== undefined) parts[`f:${key}`] = wholeOf(child, fieldPlace(at, key))
    }
    return elementSet(true, parts) ?? leaf
  }
  const { list: shape } = at
  if (shape.kind === "atomic") return leaf
  for (const [element, items] of itemsOf(value, shape, at)) {
    parts[element] = items.length > 1 ? leaf : wholeOf(items[0], itemPlace(at))
  }
  return elementSet(true, parts) ?? leaf
}

/** The set, and every struct field on the way to what is in it. */
export function withStructs(set: FieldSet | undefined, at: SchemaPlace): FieldSet | undefined {
  if (!set) return undefined
  const filled: Record<string, FieldSet> = {}
  for (const [element, below] of Object.entries(set)) {
    if (element === ".") filled[element] = leaf
    else if (element.startsWith("f:")) {
      const name = element.slice(2)
      const inner = withStructs(below, fieldPlace(at, name)) ?? leaf
      filled[element] = isNamed(at, name) ? (elementSet(true, inner) ?? leaf) : inner
    } else filled[element] = withStructs(below, itemPlace(at)) ?? leaf
  }
  return filled
}
