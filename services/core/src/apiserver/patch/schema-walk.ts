import type { Components, JsonSchema } from "@wick/sdk/api/structural"

/** A place in a schema, from which its parts can be reached. References are followed. */
export interface SchemaPlace {
  readonly schema: JsonSchema
  readonly components: Components
  /** How a list at this place is owned. */
  readonly list: ListShape
  /** Whether what is here is owned as a whole, whatever it has inside. */
  readonly isAtomic: boolean
}

/** How a list is owned: as a whole, as a set of values, or as a map by keys of its items. */
export type ListShape =
  | { readonly kind: "atomic" }
  | { readonly kind: "set" }
  | { readonly kind: "map"; readonly keys: readonly string[] }

const unknown: JsonSchema = {}
/** Every part of every write asks for its place: each is worked out once, and lives as long as its schema. */
const places = new WeakMap<JsonSchema, SchemaPlace>()

export function place(schema: JsonSchema, components: Components): SchemaPlace {
  const known = places.get(schema)
  if (known) return known
  const whole = resolved(schema, components)
  const isAtomic = whole["x-kubernetes-map-type"] === "atomic"
  const made: SchemaPlace = { schema: whole, components, list: shapeOf(whole), isAtomic }
  places.set(schema, made)
  return made
}

const metaType = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

/** The place of a whole object: its metadata is known also where, as in custom resources, its schema does not say so. */
export function objectPlace(schema: JsonSchema, components: Components): SchemaPlace {
  const root = place(schema, components)
  const meta = components[metaType]
  const metadata = root.schema.properties?.metadata
  if (!meta || metadata?.allOf || metadata?.$ref) return root
  const known = roots.get(root)
  if (known) return known
  const properties = { ...root.schema.properties, metadata: meta }
  const made = { ...root, schema: { ...root.schema, properties } }
  roots.set(root, made)
  return made
}

const roots = new WeakMap<SchemaPlace, SchemaPlace>()

function resolved(schema: JsonSchema, components: Components): JsonSchema {
  let at = schema
  const said: JsonSchema[] = []
  for (let depth = 0; depth < 16; depth++) {
    const [only] = at.allOf ?? []
    const reference = at.$ref ?? (at.type === undefined && only?.$ref)
    if (!reference) break
    said.push(at)
    at = components[reference.slice(reference.lastIndexOf("/") + 1)] ?? unknown
  }
  return said.length === 0
    ? at
    : Object.assign({}, at, ...said.toReversed().map(({ $ref: _, allOf: __, ...rest }) => rest))
}

function shapeOf(schema: JsonSchema): ListShape {
  const type = schema["x-kubernetes-list-type"]
  if (type === "set") return { kind: "set" }
  const keys = schema["x-kubernetes-list-map-keys"]
  return type === "map" && keys ? { kind: "map", keys: keys.toSorted() } : { kind: "atomic" }
}

/** The schema of an object's field; what the schema does not know is anything. */
export function fieldPlace({ schema, components }: SchemaPlace, field: string): SchemaPlace {
  const own = namedField(schema, field)
  const additional = typeof schema.additionalProperties === "object" ? schema.additionalProperties : unknown
  return place(own ?? additional, components)
}

/** Whether the schema names the field, rather than allowing any. */
export function isNamed({ schema }: SchemaPlace, field: string): boolean {
  return namedField(schema, field) !== undefined
}

function namedField({ properties }: JsonSchema, field: string): JsonSchema | undefined {
  return properties !== undefined && Object.hasOwn(properties, field) ? properties[field] : undefined
}

export function itemPlace({ schema, components }: SchemaPlace): SchemaPlace {
  return place(schema.items ?? unknown, components)
}
