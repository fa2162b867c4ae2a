import type { Components, JsonSchema } from "@wick/sdk/api/structural"

/** A place in a schema, from which its parts can be reached. References are followed. */
export interface SchemaPlace {
  readonly schema: JsonSchema
  readonly components: Components
}

const unknown: JsonSchema = {}

export function place(schema: JsonSchema, components: Components): SchemaPlace {
  return { schema: resolved(schema, components), components }
}

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

/** The schema of an object's field; what the schema does not know is anything. */
export function fieldPlace({ schema, components }: SchemaPlace, field: string): SchemaPlace {
  const own = schema.properties?.[field]
  const additional = typeof schema.additionalProperties === "object" ? schema.additionalProperties : unknown
  return place(own ?? additional, components)
}

export function itemPlace({ schema, components }: SchemaPlace): SchemaPlace {
  return place(schema.items ?? unknown, components)
}

/** How a list is owned: as a whole, as a set of values, or as a map by keys of its items. */
export type ListShape =
  | { readonly kind: "atomic" }
  | { readonly kind: "set" }
  | { readonly kind: "map"; readonly keys: readonly string[] }

export function listShape({ schema }: SchemaPlace): ListShape {
  const type = schema["x-kubernetes-list-type"]
  if (type === "set") return { kind: "set" }
  const keys = schema["x-kubernetes-list-map-keys"]
  return type === "map" && keys ? { kind: "map", keys } : { kind: "atomic" }
}

export function isAtomic({ schema }: SchemaPlace): boolean {
  return schema["x-kubernetes-map-type"] === "atomic"
}
