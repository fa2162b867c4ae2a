import { causeReason, describeCause, describeFieldError, type FieldError } from "@wick/sdk/api/meta/field-error"
import { StatusError } from "@wick/sdk/api/meta/status-error"

/** `Invalid` with all that is wrong with an object, in its message and as causes. */
export function invalidError(
  { kind, group }: { readonly kind: string; readonly group: string },
  name: string,
  mistakes: readonly FieldError[],
): StatusError {
  const texts = mistakes.map(describeFieldError)
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`
  const qualifiedKind = group === "" ? kind : `${kind}.${group}`
  return new StatusError("Invalid", `${qualifiedKind} "${name}" is invalid: ${list}`, {
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

/** The same of the options of a request: `DeleteOptions`, `ListOptions`. */
export function invalidOption(kind: string, mistake: FieldError): StatusError {
  return invalidError({ kind, group: "meta.k8s.io" }, "", [mistake])
}

/** An option that has another value than these. */
export function unsupportedOption(
  kind: string,
  field: string,
  value: unknown,
  supported: readonly string[],
): StatusError {
  const detail = `supported values: ${supported.map((each) => JSON.stringify(each)).join(", ")}`
  return invalidOption(kind, { type: "NotSupported", field, value, detail })
}
