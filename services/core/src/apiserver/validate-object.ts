import type { AnyObject } from "@wick/sdk/api/kind"
import { causeReason, describeCause, describeFieldError, type FieldError } from "@wick/sdk/api/meta/field-error"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { RequestContext } from "./request-context.ts"
import type { ServedResource } from "./served-resource.ts"
import { validateMeta } from "./validate-meta.ts"

/** Removes fields that the kind does not have, as `fieldValidation` says: refuse them, warn of them, or say nothing. */
export function pruneUnknown({ resource, info, warnings }: RequestContext, object: AnyObject): void {
  const unknown = resource.compiled().prune(object)
  if (unknown.length === 0) return
  const mode = info.query.get("fieldValidation") ?? "Warn"
  const texts = unknown.map((field) => `unknown field "${field}"`)
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
  if (mistakes.length === 0) return
  const { kind, group } = resource
  const texts = mistakes.map(describeFieldError)
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`
  const qualifiedKind = group === "" ? kind : `${kind}.${group}`
  throw new StatusError("Invalid", `${qualifiedKind} "${name}" is invalid: ${list}`, {
    name,
    group,
    kind,
    causes: mistakes.map((mistake) => ({
      reason: causeReason(mistake),
      message: describeCause(mistake),
      field: mistake.field,
    })),
  })
}

export function mistakesOf(resource: ServedResource, object: AnyObject): FieldError[] {
  return [...validateMeta(resource, object), ...resource.compiled().validate(object)]
}

/**
 * Strategies and admission read fields without asking whether they are there and what they are, so an object of a wrong
 * shape is refused before they see it, with every mistake that its schema knows. A custom resource has no such readers,
 * and its webhooks may still fill in what it lacks.
 */
export function refuseMisshapen(resource: ServedResource, name: string, object: AnyObject): void {
  if (resource.custom) return
  const mistakes = mistakesOf(resource, object)
  if (mistakes.some(({ type }) => type === "TypeInvalid" || type === "Required"))
    refuseMistakes(resource, name, mistakes)
}
