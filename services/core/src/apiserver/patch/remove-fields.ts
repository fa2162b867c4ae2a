import { type FieldSet, isMember } from "./field-set.ts"
import { isObject, type JsonObject } from "./json-value.ts"
import { elementOf } from "./list-element.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "./schema-walk.ts"

/** The value without what is in the set; undefined when nothing is left. What stays is shared with the old value. */
export function removeFields(value: unknown, gone: FieldSet | undefined, at: SchemaPlace): unknown {
  if (!gone) return value
  if (Array.isArray(value)) return withoutItems(value, gone, at)
  return isObject(value) && !at.isAtomic ? withoutFields(value, gone, at) : value
}

function withoutFields(map: JsonObject, gone: FieldSet, at: SchemaPlace): JsonObject | undefined {
  const kept: [string, unknown][] = []
  for (const [key, child] of Object.entries(map)) {
    const set = gone[`f:${key}`]
    if (set && isMember(set)) continue
    const rest = removeFields(child, set, fieldPlace(at, key))
    if (rest !== undefined) kept.push([key, rest])
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

function withoutItems(list: readonly unknown[], gone: FieldSet, at: SchemaPlace): readonly unknown[] | undefined {
  const { list: shape } = at
  if (shape.kind === "atomic") return list
  const kept = list.flatMap((item) => {
    const set = gone[elementOf(item, shape, at)]
    if (set && isMember(set)) return []
    const rest = removeFields(item, set, itemPlace(at))
    return rest === undefined ? [] : [rest]
  })
  return kept.length === 0 ? undefined : kept
}
