import { disallowed, type FieldError } from "@wick/sdk/api/serving/field-error"

type Fields = Readonly<Record<string, unknown>>

/** The fields that are set and not among the allowed: one mistake with all of them. */
export function beyond(object: object | undefined, allowed: readonly string[]): FieldError[] {
  const set = Object.entries((object ?? {}) as Fields).filter(([, value]) => isSet(value))
  const refused = set.map(([name]) => name).filter((name) => !allowed.includes(name))
  return refused.length === 0 ? [] : [disallowed(...refused)]
}

/** What Go's zero values say is not said. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== ""
}
