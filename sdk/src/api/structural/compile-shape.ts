import type { Components, JsonSchema } from "./json-schema.ts"
import { resolveReference } from "./resolve-reference.ts"
import { withResourceFields } from "./resource-fields.ts"
import type { Shape } from "./shape.ts"
import { validationOf } from "./validation.ts"

/** Shapes made so far, by schema, so that what many kinds refer to (ObjectMeta, PodSpec) is compiled once. */
const known = new WeakMap<Components, WeakMap<JsonSchema, Shape>>()

export function compileShape(schema: JsonSchema, components: Components): Shape {
  const shapes = known.get(components) ?? new WeakMap<JsonSchema, Shape>()
  known.set(components, shapes)
  const already = shapes.get(schema)
  if (already) return already
  const resolved = resolve(schema, components)
  const compile = (part: JsonSchema): Shape => compileShape(part, components)
  const shape: Draft = {
    properties: new Map(),
    additional: "none",
    items: undefined,
    open: isOpen(resolved),
    nullable: resolved.nullable === true || [resolved.type].flat().includes("null"),
    defaultValue: resolved.default,
    defaulted: [],
    // Replaced below: a part may refer back to this shape before its own checks are made.
    validate: () => {},
  }
  shapes.set(schema, shape)
  for (const [name, property] of Object.entries(resolved.properties ?? {})) {
    shape.properties.set(name, compile(property))
  }
  shape.additional = additionalOf(resolved, compile)
  shape.items = resolved.items && compile(resolved.items)
  shape.defaulted = [...shape.properties].filter(([, property]) => property.defaultValue !== undefined)
  shape.validate = validationOf(resolved, shape, compile)
  return shape
}

type Draft = Omit<{ -readonly [Field in keyof Shape]: Shape[Field] }, "properties"> & { properties: Map<string, Shape> }

/**
 * The schema with its references followed. A bare reference resolves to the component itself, the same object each
 * time; anything beside it makes a new schema.
 */
function resolve(schema: JsonSchema, components: Components): JsonSchema {
  const resolved = resolveReference(schema, components)
  return resolved["x-kubernetes-embedded-resource"] === true ? withResourceFields(resolved, components) : resolved
}

/**
 * A schema without a type says nothing of the fields below (`z.unknown()` is `{}`), so none of them is unknown. In a
 * CustomResourceDefinition a type is required wherever this would matter.
 */
function isOpen(schema: JsonSchema): boolean {
  const silent = schema.type === undefined && schema.properties === undefined && schema.items === undefined
  return schema["x-kubernetes-preserve-unknown-fields"] === true || silent
}

function additionalOf(schema: JsonSchema, compile: (schema: JsonSchema) => Shape): Shape["additional"] {
  const { additionalProperties } = schema
  if (additionalProperties === true) return "any"
  if (additionalProperties === undefined || additionalProperties === false) return "none"
  return compile(additionalProperties)
}
