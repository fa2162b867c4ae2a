/**
 * A schema as OpenAPI v3 documents, CustomResourceDefinitions and `z.toJSONSchema` write it: the union of what these
 * three say. Keywords that are not listed here are ignored.
 */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly nullable?: boolean
  readonly default?: unknown

  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly maxProperties?: number

  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean

  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  /** `true` beside `minimum` in OpenAPI 3.0, the bound itself in JSON Schema 2020-12. */
  readonly exclusiveMinimum?: boolean | number
  readonly exclusiveMaximum?: boolean | number
  readonly multipleOf?: number

  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly not?: JsonSchema

  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-embedded-resource"?: boolean
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-list-map-keys"?: readonly string[]
  readonly "x-kubernetes-map-type"?: string
  readonly [keyword: `x-${string}`]: unknown
}

/** Schemas by name, that `$ref: "#/components/schemas/<name>"` points into. */
export type Components = Readonly<Record<string, JsonSchema>>

/** A schema that cannot be compiled: the fault of whoever wrote the schema, never of an object. */
export class SchemaError extends Error {
  override name = "SchemaError"
}
