import type { JsonSchema } from "../structural/json-schema.ts"
import { requestMaxBytes } from "./estimate.ts"
import { escapeName } from "./json.ts"
import type { ListIdentity, Type } from "./type.ts"

const text: Type = { kind: "string" }
/** The fields of metadata that rules may read: the others are not of the schema's making. */
const metadata: Type = {
  kind: "object",
  name: "metadata",
  fields: new Map([
    ["name", text],
    ["generateName", text],
  ]),
}
/** A character takes up to four bytes. */
const characterMaxBytes = 4
const formatSizes: Readonly<Record<string, number>> = { duration: 32, date: 10, "date-time": 34 }

/** The type of what a structural schema describes; undefined: nothing is known of it, so no rule may look at it. */
export function schemaType(schema: JsonSchema, name = "object"): Type | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) return { kind: "dyn" }
  switch (schema.type) {
    case "integer":
      return { kind: "int" }
    case "number":
      return { kind: "double" }
    case "boolean":
      return { kind: "bool" }
    case "string":
      return stringType(schema)
    case "array": {
      const element = schema.items && schemaType(schema.items, `${name}.items`)
      const max = schema.maxItems ?? countMax(minimumSize(schema.items))
      const identity = identityOf(schema)
      return element && { kind: "list", element, max, ...(identity && { identity }) }
    }
    case "object":
      return objectType(schema, name)
    default:
      return undefined
  }
}

function identityOf(schema: JsonSchema): ListIdentity | undefined {
  if (schema["x-kubernetes-list-type"] === "set") return "value"
  return schema["x-kubernetes-list-type"] === "map" ? schema["x-kubernetes-list-map-keys"] : undefined
}

function stringType(schema: JsonSchema): Type {
  const { format = "", maxLength } = schema
  if (format === "duration") return { kind: "duration", max: formatSizes.duration ?? 0 }
  if (format === "date" || format === "date-time") return { kind: "timestamp", max: formatSizes[format] ?? 0 }
  const max = maxLength === undefined ? requestMaxBytes - 2 : maxLength * characterMaxBytes
  if (format === "byte") return { kind: "bytes", max: maxLength ?? max }
  const allowed = schema.enum?.filter((value) => typeof value === "string")
  if (allowed && allowed.length > 0) return { kind: "string", max: Math.max(...allowed.map((value) => value.length)) }
  return { kind: "string", max }
}

function objectType(schema: JsonSchema, name: string): Type | undefined {
  const { additionalProperties, properties } = schema
  if (typeof additionalProperties === "object") {
    const value = schemaType(additionalProperties, `${name}.additionalProperties`)
    const max = schema.maxProperties ?? countMax(minimumSize(additionalProperties) + 4)
    return value && { kind: "map", key: text, value, max }
  }
  const isResource = schema["x-kubernetes-embedded-resource"] === true
  const fields = new Map<string, Type>(isResource ? resourceFields : [])
  for (const [property, field] of Object.entries(properties ?? {})) {
    const escaped = escapeName(property)
    const type = isResource && resourceFields.has(property) ? undefined : schemaType(field, `${name}.${property}`)
    if (escaped !== undefined && type !== undefined) fields.set(escaped, type)
  }
  return { kind: "object", name, fields }
}

export const resourceFields: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["apiVersion", text],
  ["kind", text],
  ["metadata", metadata],
])

/** The least that a value takes in a request. */
export function minimumSize(schema: JsonSchema | undefined): number {
  if (schema === undefined || schema["x-kubernetes-int-or-string"] === true) return 1
  switch (schema.type) {
    case "string":
      return 2
    case "boolean":
      return 4
    case "array":
      return 2
    case "object": {
      const required = (schema.required ?? []).map((name) => [name, schema.properties?.[name]] as const)
      return 2 + required.reduce((sum, [name, field]) => sum + name.length + 4 + minimumSize(field), 0)
    }
    default:
      return 1
  }
}

/** How many values of a least size a request can hold. */
export function countMax(size: number): number {
  return Math.floor((requestMaxBytes - 2) / (size + 1))
}
