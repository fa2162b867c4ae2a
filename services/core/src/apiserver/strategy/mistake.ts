import type { FieldError } from "@wick/sdk/api/meta/field-error"

/** Mistakes in Kubernetes' wording, and the checks that most kinds share. Each check gives the mistakes that it finds. */
export function required(field: string, detail = ""): FieldError {
  return { type: "Required", field, detail }
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "Invalid", field, value, detail }
}

export function forbidden(field: string, detail: string): FieldError {
  return { type: "Forbidden", field, detail }
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: "Duplicate", field, value, detail: "" }
}

/** A value that is none of those that are known. */
export function unsupported(field: string, value: unknown, known: readonly string[]): FieldError {
  const detail = `supported values: ${known.map((each) => JSON.stringify(each)).join(", ")}`
  return { type: "NotSupported", field, value, detail }
}

export function oneOf(field: string, value: unknown, known: readonly string[]): FieldError[] {
  return value === undefined || known.includes(value as string) ? [] : [unsupported(field, value, known)]
}

export function notNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, "must be greater than or equal to 0")] : []
}

export function positive(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(field, value, "must be greater than 0")] : []
}

export function present(field: string, value: string | undefined, detail = ""): FieldError[] {
  return value ? [] : [required(field, detail)]
}

const portMax = 65_535

export function portNumber(field: string, value: number | undefined): FieldError[] {
  if (value !== undefined && value >= 1 && value <= portMax) return []
  return [invalid(field, value ?? 0, `must be between 1 and ${portMax}, inclusive`)]
}

/** The mistakes of every item, with the path of each. */
export function each<Item>(
  field: string,
  items: readonly Item[] | undefined,
  check: (item: Item, at: string, index: number) => FieldError[],
): FieldError[] {
  return (items ?? []).flatMap((item, index) => check(item, `${field}[${index}]`, index))
}

/** Values that were there before, at the field that `at` names. */
export function repeated<Item>(
  field: string,
  items: readonly Item[] | undefined,
  keyOf: (item: Item) => string | undefined,
  part: string,
): FieldError[] {
  const seen = new Set<string>()
  return each(field, items, (item, at) => {
    const key = keyOf(item)
    if (key === undefined || key === "") return []
    if (seen.has(key)) return [duplicate(part === "" ? at : `${at}.${part}`, key)]
    seen.add(key)
    return []
  })
}
