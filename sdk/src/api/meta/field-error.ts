/**
 * A mistake in a field, in Kubernetes' wording. A validator returns every one it finds; none is thrown, so that a user
 * hears of all mistakes at once.
 */
export interface FieldError {
  readonly type:
    | "Required"
    | "Invalid"
    | "NotSupported"
    | "Duplicate"
    | "Forbidden"
    | "TooLong"
    | "TooMany"
    | "NotFound"
    | "TypeInvalid"
  /** `spec.template.spec.containers[0].image` */
  readonly field: string
  /** The value that is wrong, as it will be printed. */
  readonly value?: unknown
  /** What would be right. */
  readonly detail: string
}

const words: Record<FieldError["type"], { text: string; reason: string }> = {
  Required: { text: "Required value", reason: "FieldValueRequired" },
  Invalid: { text: "Invalid value", reason: "FieldValueInvalid" },
  NotSupported: { text: "Unsupported value", reason: "FieldValueNotSupported" },
  Duplicate: { text: "Duplicate value", reason: "FieldValueDuplicate" },
  Forbidden: { text: "Forbidden", reason: "FieldValueForbidden" },
  TooLong: { text: "Too long", reason: "FieldValueTooLong" },
  TooMany: { text: "Too many", reason: "FieldValueTooMany" },
  NotFound: { text: "Not found", reason: "FieldValueNotFound" },
  TypeInvalid: { text: "Invalid value", reason: "FieldValueTypeInvalid" },
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0` */
export function describeFieldError(error: FieldError): string {
  return `${error.field}: ${describeCause(error)}`
}

/** The same without the field: the message of a cause in a `Status`. */
export function describeCause(error: FieldError): string {
  const withValue = error.value !== undefined && error.type !== "Required" && error.type !== "Forbidden"
  const value = withValue ? `: ${JSON.stringify(error.value)}` : ""
  const detail = error.detail === "" ? "" : `: ${error.detail}`
  return `${words[error.type].text}${value}${detail}`
}

/** The `reason` of a cause in a `Status`. */
export function causeReason(error: FieldError): string {
  return words[error.type].reason
}
