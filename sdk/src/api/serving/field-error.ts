/**
 * What is wrong with an object, as Knative tells it: a message, the paths that it is about, and sometimes more to read.
 * Rules answer with a list; what stands inside a field is put there by `via`, and the whole is merged and sorted when it
 * is told.
 */
export interface FieldError {
  readonly message: string
  /** `spec.template.spec.containers[0].image`; the empty one is the object itself. */
  readonly paths: readonly string[]
  readonly details?: string
  /** Said, but nothing is refused for it. */
  readonly level?: "warning"
}

export function missing(...paths: string[]): FieldError {
  return { message: "missing field(s)", paths }
}

export function disallowed(...paths: string[]): FieldError {
  return { message: "must not set the field(s)", paths }
}

export function invalidValue(value: unknown, path: string, ...details: string[]): FieldError {
  return detailed(`invalid value: ${value}`, [path], details)
}

export function outOfBounds(value: unknown, lower: unknown, upper: unknown, path: string): FieldError {
  return { message: `expected ${lower} <= ${value} <= ${upper}`, paths: [path] }
}

export function invalidKey(key: string, path: string, ...details: string[]): FieldError {
  return detailed(`invalid key name ${JSON.stringify(key)}`, [path], details)
}

export function missingOneOf(...paths: string[]): FieldError {
  return { message: "expected exactly one, got neither", paths }
}

export function multipleOneOf(...paths: string[]): FieldError {
  return { message: "expected exactly one, got both", paths }
}

export function mistake(message: string, ...paths: string[]): FieldError {
  return { message, paths }
}

function detailed(message: string, paths: readonly string[], details: readonly string[]): FieldError {
  return { message, paths, ...(details.length > 0 && { details: details.join(", ") }) }
}

/** Mistakes of a field, seen from the object that has it. */
export function via(field: string, errors: readonly FieldError[]): FieldError[] {
  return errors.map((error) => ({ ...error, paths: error.paths.map((path) => joined(field, path)) }))
}

/** The same for the elements of a list. */
export function viaEach<Element>(
  field: string,
  elements: readonly Element[] | undefined,
  judge: (element: Element, at: number) => readonly FieldError[],
): FieldError[] {
  return (elements ?? []).flatMap((element, at) => via(`${field}[${at}]`, judge(element, at)))
}

/** `[0]` belongs to the name before it; empty parts say nothing. */
function joined(...paths: string[]): string {
  const parts: string[] = []
  for (const part of paths.flatMap((path) => path.split("."))) {
    if (part === "") continue
    if (parts.length > 0 && part.startsWith("[") && part.endsWith("]")) parts.push(`${parts.pop()}${part}`)
    else parts.push(part)
  }
  return parts.join(".")
}

/** One of each message and its details, with the paths of all of them; both sorted. */
export function merged(errors: readonly FieldError[]): FieldError[] {
  const byText = Map.groupBy(errors, ({ message, details = "" }) => `${message}\n${details}`)
  return [...byText.values()]
    .map((same) => ({ ...(same[0] as FieldError), paths: [...new Set(same.flatMap(({ paths }) => paths))].sort() }))
    .toSorted((a, b) => order(a.message, b.message) || order(a.details ?? "", b.details ?? ""))
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Each mistake on its line, with what more there is to read below it. */
export function errorText(errors: readonly FieldError[]): string {
  return merged(errors)
    .map(({ message, paths, details }) => `${message}: ${paths.join(", ")}${details ? `\n${details}` : ""}`)
    .join("\n")
}
