import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { decodeBody } from "./decode-body.ts"
import { duplicateFields } from "./duplicate-fields.ts"
import { invalidError } from "./invalid-error.ts"
import { fillMissingTexts } from "./missing-texts.ts"
import type { RequestContext } from "./request-context.ts"
import type { ServedResource } from "./served-resource.ts"
import { validateMeta } from "./validate-meta.ts"

/** Removes fields that the kind does not have, as `fieldValidation` says: refuse them, warn of them, or say nothing. */
export function pruneUnknown(context: RequestContext, object: AnyObject): void {
  const unknown = context.resource.compiled().prune(object)
  tellOf(
    context,
    unknown.map((field) => `unknown field "${field}"`),
  )
}

/** An object as a client sent it; of fields that it names twice the last counts, and the client hears of them. */
export async function decodeObject(context: RequestContext): Promise<unknown> {
  return decodeBody(context.request, (text) => {
    if (context.info.query.get("fieldValidation") === "Ignore") return
    tellOf(
      context,
      duplicateFields(text).map((field) => `duplicate field "${field}"`),
    )
  })
}

function tellOf({ resource, info, warnings }: RequestContext, texts: readonly string[]): void {
  if (texts.length === 0) return
  const mode = info.query.get("fieldValidation") ?? "Warn"
  if (mode === "Strict") {
    throw new StatusError(
      "BadRequest",
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${texts.join(", ")}`,
    )
  }
  if (mode === "Warn") warnings.push(...texts)
}

/** Throws Invalid with every mistake that was found. */
export function refuseMistakes(resource: ServedResource, name: string, mistakes: readonly FieldError[]): void {
  if (mistakes.length > 0) throw invalidError(resource, name, mistakes)
}

export function mistakesOf(resource: ServedResource, object: AnyObject): FieldError[] {
  const mistakes = validateMeta(resource, object)
  mistakes.push(...resource.compiled().validate(object))
  return mistakes
}

/**
 * Strategies and admission read fields without asking whether they are there and what they are, so an object of a wrong
 * shape is refused before they see it, with every mistake that its schema knows. A custom resource has no such readers,
 * and its webhooks may still fill in what it lacks. Gives the fields of texts that are missing: they are empty now.
 */
export function refuseMisshapen(resource: ServedResource, name: string, object: AnyObject): readonly string[] {
  if (resource.custom) return []
  const mistakes = mistakesOf(resource, object)
  const odd = mistakes.find(({ type }) => type === "TypeInvalid")
  if (odd) throw undecodable(resource, odd)
  const filled = fillMissingTexts(resource, object, mistakes)
  if (!filled) refuseMistakes(resource, name, mistakes)
  return filled ?? []
}

const decoders: Readonly<Record<string, string>> = { integer: "int32", boolean: "bool", array: "[]", object: "map" }

/** What a typed server cannot even read is no object of the kind: a bad request, in the words of its decoder. */
function undecodable({ kind, version }: ServedResource, { field, value, detail }: FieldError): StatusError {
  const [, wanted = "string"] = /must be of type (\w+)/.exec(detail) ?? []
  const found = value === "integer" ? "number" : value === "boolean" ? "bool" : String(value)
  const path = field.replace(/\[\d+\]/g, "")
  return new StatusError(
    "BadRequest",
    `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${found} into Go struct field ${kind}.${path} of type ${decoders[wanted] ?? wanted}`,
  )
}
