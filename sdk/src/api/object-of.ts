import * as z from "zod"
import { optional, text } from "./field.ts"
import type { Kind } from "./kind.ts"
import { ObjectMeta } from "./meta/object-meta.ts"

/** Which kind a schema holds a whole object of. */
export const heldKinds = new WeakMap<z.ZodType, Kind>()

/** A whole object of a kind inside another one: a StatefulSet holds the claims that it makes. */
export function objectOf<Shape extends z.ZodRawShape>(kind: Kind<Shape>) {
  const schema = z.object({
    apiVersion: optional(text, "Version of the schema that the object is written in."),
    kind: optional(text, "Kind of the object."),
    metadata: optional(ObjectMeta, "What every object has."),
    ...kind.schema.shape,
  })
  heldKinds.set(schema, kind as unknown as Kind)
  return schema
}
