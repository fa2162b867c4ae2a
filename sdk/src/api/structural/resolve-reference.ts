import { type Components, type JsonSchema, SchemaError } from "./json-schema.ts"

const prefix = /^#\/(?:components\/schemas|definitions|\$defs)\//
/** A chain of references longer than this is a circle. */
const referenceDepthMax = 32

/**
 * `schema` with its references followed and their keywords beside its own; its own win.
 *
 * OpenAPI 3.0 cannot put a keyword beside `$ref`, so generators write `{ default: {}, allOf: [{ $ref }] }`. Such an
 * `allOf` says what the object *is*, not only what must hold of it, so it is merged too. Every other `allOf` stays a
 * validation, as structural schemas want it.
 */
export function resolveReference(schema: JsonSchema, components: Components, depth = 0): JsonSchema {
  if (depth > referenceDepthMax) throw new SchemaError(`the reference ${schema.$ref} never ends`)
  const { $ref, allOf, ...own } = schema
  const merged = (allOf ?? []).filter((part) => isPartOfShape(part, own))
  const kept = (allOf ?? []).filter((part) => !isPartOfShape(part, own))
  if ($ref === undefined && merged.length === 0) return schema
  const bases = $ref === undefined ? merged : [lookUp($ref, components), ...merged]
  const resolved = bases.map((base) => resolveReference(base, components, depth + 1))
  const all = [...resolved, kept.length > 0 ? { ...own, allOf: kept } : own]
  return all.reduce(merge)
}

function isPartOfShape(part: JsonSchema, owner: JsonSchema): boolean {
  return part.$ref !== undefined || (owner.type === undefined && part.type === "object")
}

function lookUp(reference: string, components: Components): JsonSchema {
  const name = reference.replace(prefix, "").replaceAll("~1", "/").replaceAll("~0", "~")
  const found = components[name]
  if (found === undefined) throw new SchemaError(`the reference ${reference} points to nothing`)
  return found
}

function merge(base: JsonSchema, own: JsonSchema): JsonSchema {
  const required = [...(base.required ?? []), ...(own.required ?? [])]
  const allOf = [...(base.allOf ?? []), ...(own.allOf ?? [])]
  return {
    ...base,
    ...own,
    ...((base.properties || own.properties) && { properties: { ...base.properties, ...own.properties } }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
    ...(allOf.length > 0 && { allOf }),
  }
}
