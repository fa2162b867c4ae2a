import * as z from "zod"
import type { Kind } from "./kind.ts"
import { ObjectMeta } from "./meta/object-meta.ts"
import { heldKinds } from "./object-of.ts"
import type { JsonSchema } from "./structural/json-schema.ts"

/**
 * zod schema → JSON schema, as OpenAPI v3 publishes it: named types become references. The result of a schema never
 * changes, so it is made once; all kinds share one table of components, which grows as kinds are asked for.
 */
export interface OpenapiSchema {
  readonly schema: JsonSchema
  /** Every named type met so far, by name; `$ref: "#/components/schemas/<name>"` points in here. */
  readonly components: Readonly<Record<string, JsonSchema>>
}

type Writable = { -readonly [Key in keyof JsonSchema]: JsonSchema[Key] }

export const referencePrefix = "#/components/schemas/"
const components: Record<string, JsonSchema> = {}

/** The schema of a whole object of `kind`, which is also `components[kind.openapiName]`. */
export function openapiSchema(kind: Kind): OpenapiSchema {
  const known = components[kind.openapiName]
  if (known) return { schema: known, components }
  const own = toJsonSchema(kind.schema)
  const schema: JsonSchema = {
    description: kind.description,
    type: "object",
    ...(own.required && { required: own.required }),
    properties: {
      apiVersion: { type: "string", description: "Version of the schema that the object is written in." },
      kind: { type: "string", description: "Kind of the object." },
      metadata: { description: "What every object has.", allOf: [toJsonSchema(ObjectMeta)], default: {} },
      ...own.properties,
    },
    "x-kubernetes-group-version-kind": [{ group: kind.group, version: kind.version, kind: kind.kind }],
  }
  components[kind.openapiName] = schema
  return { schema, components }
}

/** A schema, or a reference to it when it has a name. */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const held = heldKinds.get(schema)
  if (held) {
    openapiSchema(held)
    return { $ref: referencePrefix + held.openapiName }
  }
  const { id, notes } = notesOf(schema)
  if (id === undefined) return { ...notes, ...structureOf(schema) }
  if (!(id in components)) {
    components[id] = {} // Holds the place: a type may contain itself.
    components[id] = { ...notesOf(original(schema)).notes, ...structureOf(schema) }
  }
  const reference: JsonSchema = { $ref: referencePrefix + id }
  // A reference stands alone in OpenAPI 3.0: whoever has something to add wraps it.
  return original(schema) === schema ? reference : { ...notes, allOf: [reference] }
}

interface Described {
  readonly id: string | undefined
  readonly notes: JsonSchema
}

/** What was noted on a schema. `describe` and `meta` copy a schema: the name is that of the first. */
function notesOf(schema: z.ZodType): Described {
  const { id: _, title: __, ...notes } = z.globalRegistry.get(schema) ?? {}
  const id = z.globalRegistry.get(original(schema))?.id
  return { id, notes: notes as JsonSchema }
}

function original(schema: z.ZodType): z.ZodType {
  let at: z.core.$ZodType = schema
  while (at._zod.parent && z.globalRegistry.get(at as z.ZodType)?.id === undefined) at = at._zod.parent
  return at as z.ZodType
}

function structureOf(schema: z.ZodType): JsonSchema {
  const def = (schema as unknown as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case "string":
      return { type: "string" }
    case "boolean":
      return { type: "boolean" }
    case "number":
      return numberSchema((def as z.core.$ZodNumberFormatDef).format)
    case "enum":
      return { type: "string", enum: Object.values(def.entries) }
    case "literal":
      return { type: "string", enum: [...def.values] }
    case "array":
      return { type: "array", items: toJsonSchema(def.element as z.ZodType) }
    case "record":
      return recordSchema(schema, def.valueType as z.ZodType)
    case "object":
      return objectSchema(def.shape as z.ZodRawShape)
    case "optional":
      return around(def.innerType as z.ZodType, schema)
    case "default":
    case "prefault":
      return { ...around(def.innerType as z.ZodType, schema), default: def.defaultValue }
    case "union":
      return { anyOf: def.options.map((option) => toJsonSchema(option as z.ZodType)) }
    case "lazy":
      return toJsonSchema(def.getter() as z.ZodType)
    case "unknown":
    case "any":
      return {}
    default:
      throw new TypeError(`a kind's schema uses zod's ${def.type}, which has no structural form`)
  }
}

function numberSchema(format: string | undefined): JsonSchema {
  if (format === "int32") return { type: "integer", format: "int32" }
  if (format === "safeint") return { type: "integer", format: "int64" }
  return { type: "number" }
}

function recordSchema(schema: z.ZodType, value: z.ZodType): JsonSchema {
  const { notes } = notesOf(schema)
  if (notes["x-kubernetes-preserve-unknown-fields"]) return { type: "object" }
  return { type: "object", additionalProperties: toJsonSchema(value) }
}

function objectSchema(shape: z.ZodRawShape): JsonSchema {
  const fields = Object.entries(shape as Record<string, z.ZodType>)
  const required = fields.filter(([, field]) => !isOptional(field)).map(([name]) => name)
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, toJsonSchema(field)]))
  return { type: "object", properties, ...(required.length > 0 && { required }) }
}

function isOptional(field: z.ZodType): boolean {
  return ["optional", "default", "prefault"].includes(field._zod.def.type)
}

/** The type of a field under what was noted on the field: its own description wins over the type's. */
function around(inner: z.ZodType, field: z.ZodType): JsonSchema {
  const schema = toJsonSchema(inner)
  const noted = Object.keys(notesOf(field).notes).length > 0
  return schema.$ref !== undefined && noted ? { allOf: [schema] } : dropDescription(schema)
}

function dropDescription(schema: JsonSchema): JsonSchema {
  const { description: _, ...rest } = schema as Writable
  return rest
}

/** The schema with every reference replaced by what it names: what a CustomResourceDefinition needs. */
export function inlined(schema: JsonSchema, table: Readonly<Record<string, JsonSchema>>): JsonSchema {
  if (schema.$ref) return inlined(table[schema.$ref.slice(referencePrefix.length)] ?? {}, table)
  const { allOf, ...rest } = schema as Writable
  const target = allOf?.length === 1 && allOf[0]?.$ref ? inlined(allOf[0], table) : {}
  const own: Writable = { ...target, ...rest, ...(allOf && !allOf[0]?.$ref && { allOf }) }
  if (own.properties) {
    own.properties = Object.fromEntries(
      Object.entries(own.properties).map(([name, field]) => [name, inlined(field, table)]),
    )
  }
  if (own.items) own.items = inlined(own.items, table)
  if (typeof own.additionalProperties === "object") own.additionalProperties = inlined(own.additionalProperties, table)
  if (own.anyOf) own.anyOf = own.anyOf.map((option) => inlined(option, table))
  return own
}
