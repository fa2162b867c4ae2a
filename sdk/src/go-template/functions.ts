type TemplateFunction = (...args: unknown[]) => unknown

/** A value as a template writes it. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) return "<no value>"
  if (value instanceof Map) {
    const pairs = [...value].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => `${key}:${printed(held)}`)
    return `map[${pairs.join(" ")}]`
  }
  return Array.isArray(value) ? `[${value.map(printed).join(" ")}]` : String(value)
}

/** The functions that a template may call. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  index: (from, ...keys) => keys.reduce(indexed, from),
  js: (...values) => escapedForScript(values.map(printed).join("")),
  html: (...values) =>
    values
      .map(printed)
      .join("")
      .replace(/[&<>"'\0]/g, (found) => entities[found] ?? found),
  urlquery: (...values) => encodeURIComponent(values.map(printed).join("")).replaceAll("%20", "+"),
  print: (...values) => values.map(printed).join(""),
  println: (...values) => `${values.map(printed).join(" ")}\n`,
  printf: (format, ...values) => formatted(printed(format), values),
  len: (value) => (value instanceof Map ? value.size : ((value as { length?: number }).length ?? 0)),
  not: (value) => !holds(value),
  and: (...values) => values.find((value) => !holds(value)) ?? values.at(-1),
  or: (...values) => values.find(holds) ?? values.at(-1),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, second) => first !== second,
  lt: (first, second) => (first as number) < (second as number),
  le: (first, second) => (first as number) <= (second as number),
  gt: (first, second) => (first as number) > (second as number),
  ge: (first, second) => (first as number) >= (second as number),
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\uFFFD",
}

/** Whether a condition is met by a value. */
export function holds(value: unknown): boolean {
  return value instanceof Map ? value.size > 0 : Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/** A key that a map does not have gives the empty text. */
function indexed(from: unknown, key: unknown): unknown {
  if (from instanceof Map) return from.get(key) ?? ""
  if (!Array.isArray(from)) throw new RangeError(`error calling index: can't index item of type ${typeof from}`)
  if (typeof key !== "number" || key < 0 || key >= from.length)
    throw new RangeError(`error calling index: index out of range: ${printed(key)}`)
  return from[key]
}

const scriptEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
}

function escapedForScript(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
    /[\\'"<>&=\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (found) => scriptEscapes[found] ?? `\\u${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  )
}

function formatted(format: string, values: readonly unknown[]): string {
  let next = 0
  return format.replace(/%([svdqt%])/g, (whole, verb: string) => {
    if (verb === "%") return "%"
    if (next >= values.length) return `%!${verb}(MISSING)`
    const value = values[next++]
    return whole === "%q" ? JSON.stringify(printed(value)) : printed(value)
  })
}
