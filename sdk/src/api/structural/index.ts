/**
 * Structural schemas: one engine that prunes, defaults and validates objects of built-in kinds and of custom resources
 * alike, in Kubernetes' wording. A schema is compiled once; the walks allocate nothing for an object without mistakes,
 * since they are on the path of every write. Pure. Anyone may import this.
 *
 * Keywords: type, properties, required, additionalProperties, items, enum, const, format, pattern, bounds of numbers,
 * lengths and counts, multipleOf, uniqueItems, nullable, default, allOf/anyOf/oneOf/not as validations, `$ref`, and
 * x-kubernetes-preserve-unknown-fields, -int-or-string, -embedded-resource, -list-type with -list-map-keys.
 * x-kubernetes-validations (CEL rules) are judged beside this, by ../validation-rules: most schemas have none.
 */
import type { FieldError } from "../meta/field-error.ts"
import { compileShape } from "./compile-shape.ts"
import { fillDefaults } from "./fill-defaults.ts"
import type { Components, JsonSchema } from "./json-schema.ts"
import { prune } from "./prune.ts"
import { resolveReference } from "./resolve-reference.ts"
import { withResourceFields } from "./resource-fields.ts"

export type { Components, JsonSchema } from "./json-schema.ts"
export { SchemaError } from "./json-schema.ts"
export { checkStructural } from "./structural-check.ts"

export interface CompiledSchema {
  /** Removes unknown fields in place; returns their paths. Prune first: what is unknown is neither defaulted nor judged. */
  prune(object: unknown): string[]
  /** Fills in defaults in place; a null where none is allowed counts as absent. */
  default(object: unknown): void
  /** Every mistake, with the object left as it is. */
  validate(object: unknown): FieldError[]
}

/**
 * Compiles the schema of a resource: `apiVersion`, `kind` and `metadata` (ObjectMeta, if `components` has it) are known
 * at its root even if it does not name them. `components` is where references point; pass the same object for every
 * kind and what they share is compiled once. Throws SchemaError if the schema makes no sense.
 */
export function compileSchema(schema: JsonSchema, components: Components = {}): CompiledSchema {
  const root = compileShape(withResourceFields(resolveReference(schema, components), components), components)
  return {
    prune: (object) => prune(root, object),
    default: (object) => fillDefaults(root, object),
    validate: (object) => {
      const errors: FieldError[] = []
      root.validate(object, { path: [], depth: 0, errors })
      return errors
    },
  }
}
