import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { pathParts, setAt, valueAt } from "./field-path.ts"
import { fieldPlace, itemPlace, place } from "./patch/schema-walk.ts"
import type { ServedResource } from "./served-resource.ts"

/**
 * A required text that is absent is read as an empty one, as Kubernetes reads it: admission may still fill it in, and
 * whoever left it out hears of his other mistakes too. Fills them in place and gives their fields; undefined when more
 * than texts is missing, which nobody can read past.
 */
export function fillMissingTexts(
  resource: ServedResource,
  object: AnyObject,
  mistakes: readonly FieldError[],
): readonly string[] | undefined {
  const fields = mistakes.filter(({ type }) => type === "Required").map(({ field }) => field)
  if (!fields.every((field) => isText(resource, field))) return undefined
  for (const field of fields) setAt(object, field, "")
  return fields
}

/** All mistakes, with those texts that nobody has filled in: of each, that it is required and nothing else. */
export function withMissingTexts(
  fields: readonly string[],
  object: AnyObject,
  mistakes: readonly FieldError[],
): readonly FieldError[] {
  const empty = fields.filter((field) => valueAt(object, field) === "")
  if (empty.length === 0) return mistakes
  const known = mistakes.filter(({ field, type }) => type === "Required" || !empty.includes(field))
  const said = new Set(known.map(({ field }) => field))
  const added = empty
    .filter((field) => !said.has(field))
    .map((field): FieldError => ({ type: "Required", field, detail: "" }))
  return [...added, ...known]
}

function isText({ schema, components }: ServedResource, field: string): boolean {
  let at = place(schema, components)
  for (const part of pathParts(field)) at = at.schema.type === "array" ? itemPlace(at) : fieldPlace(at, part)
  return at.schema.type === "string"
}
