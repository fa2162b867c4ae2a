import * as z from "zod"

/**
 * The words that kinds are written in. A leaf type is made once and used by every field of that type, because a schema
 * object costs memory and the kinds have some two thousand fields; what differs per field (its description, how its
 * list merges) is noted on a thin wrapper.
 */
export const text: z.ZodString = z.string()
export const flag: z.ZodBoolean = z.boolean()
export const int32: z.ZodInt32 = z.int32()
export const int64: z.ZodInt = z.int()
export const anything: z.ZodUnknown = z.unknown()
/** Any JSON object; unknown fields are kept. */
export const anyObject: z.ZodRecord<z.ZodString, z.ZodUnknown> = z
  .record(text, anything)
  .meta({ "x-kubernetes-preserve-unknown-fields": true })
/** Base64, as JSON carries bytes. */
export const bytes: z.ZodString = z.string().meta({ format: "byte" })
export const texts: z.ZodArray<z.ZodString> = z.array(text)
export const textMap: z.ZodRecord<z.ZodString, z.ZodString> = z.record(text, text)

/** What OpenAPI says of a field beside its type: `x-kubernetes-…` extensions, `format`, `minimum`. */
export type Notes = Readonly<Record<string, unknown>>

/** A field that may be absent. */
export function optional<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  notes?: Notes,
): z.ZodOptional<Schema> {
  const field = z.optional(schema)
  z.globalRegistry.add(field, { description, ...notes })
  return field
}

/** A field that must be there. */
export function required<Schema extends z.ZodType>(schema: Schema, description: string, notes?: Notes): Schema {
  return schema.meta({ description, ...notes }) as Schema
}

/** A field that the server fills in when it is absent. */
export function defaulted<Schema extends z.ZodType>(
  schema: Schema,
  value: z.output<Schema>,
  description: string,
  notes?: Notes,
): z.ZodDefault<Schema> {
  // biome-ignore lint/suspicious/noExplicitAny: zod's own guard type for default values does not accept a generic one.
  const field = z._default(schema, value as any) as z.ZodDefault<Schema>
  z.globalRegistry.add(field, { description, ...notes })
  return field
}

/** A type that other types refer to by its Kubernetes name. */
export function named<Schema extends z.ZodType>(
  id: string,
  description: string,
  schema: Schema,
  notes?: Notes,
): Schema {
  return schema.meta({ id, description, ...notes }) as Schema
}

const strategy = (key: string): Notes => ({
  "x-kubernetes-patch-strategy": "merge",
  "x-kubernetes-patch-merge-key": key,
})

/** A list whose items are told apart by the value of `keys`, in apply as well as in a strategic patch (first key). */
export function mapList(first: string, ...others: string[]): Notes {
  return {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": [first, ...others],
    ...strategy(first),
  }
}

/** A list that apply merges by `keys` and a strategic patch replaces. */
export function applyMapList(...keys: string[]): Notes {
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys }
}

/** A list that a strategic patch merges by `key` and apply replaces. */
export function mergeList(key: string): Notes {
  return strategy(key)
}

/** A list that is replaced as a whole. */
export const atomicList: Notes = { "x-kubernetes-list-type": "atomic" }
/** A list of different values, merged as a set. */
export const setList: Notes = { "x-kubernetes-list-type": "set" }
/** A map that is replaced as a whole. */
export const atomicMap: Notes = { "x-kubernetes-map-type": "atomic" }

const core = "io.k8s.api.core.v1."
/** A type of the core group. */
export function coreType<Schema extends z.ZodType>(
  name: string,
  description: string,
  schema: Schema,
  notes?: Notes,
): Schema {
  return named(core + name, description, schema, notes)
}
