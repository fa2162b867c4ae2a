/** Field selectors as a query says them: `metadata.name=web,status.phase!=Failed`. `\` escapes `\`, `,` and `=`. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: "=" | "!="
  readonly value: string
}

/** The terms; a `RangeError` with the part that is not understood. Empty text selects everything. */
export function parseFieldSelector(selector: string): FieldRequirement[] {
  return splitTerms(selector)
    .map((term) => term.trim())
    .filter((term) => term !== "")
    .map((term) => parseTerm(term, selector))
}

/** Text of terms, or of values that fields must have: `{ "metadata.name": "web" }`. */
export function formatFieldSelector(
  selector: readonly FieldRequirement[] | Readonly<Record<string, string | number | boolean>>,
): string {
  const terms = isTerms(selector)
    ? selector
    : Object.entries(selector).map(([field, value]) => ({ field, operator: "=", value: String(value) }))
  return terms.map(({ field, operator, value }) => `${field}${operator}${escaped(value)}`).join(",")
}

/** Whether an object's fields answer the terms; `read` gives a field's text, "" where it is absent. */
export function matchesFields(terms: readonly FieldRequirement[], read: (field: string) => string): boolean {
  return terms.every(({ field, operator, value }) => (read(field) === value) === (operator === "="))
}

function isTerms(selector: object): selector is readonly FieldRequirement[] {
  return Array.isArray(selector)
}

function splitTerms(selector: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < selector.length; at++) {
    if (selector[at] === "\\") at++
    else if (selector[at] === ",") {
      terms.push(selector.slice(start, at))
      start = at + 1
    }
  }
  return [...terms, selector.slice(start)]
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const match = /^([^=!]+)(==|!=|=)(.*)$/s.exec(term)
  const value = match && unescaped(match[3] ?? "")
  if (!match || value === undefined || value === null) {
    throw new RangeError(`invalid selector: '${whole}'; can't understand '${term}'`)
  }
  return { field: match[1] ?? "", operator: match[2] === "!=" ? "!=" : "=", value }
}

/** Undefined where something is escaped that need not be, or where a character stands bare that must not. */
function unescaped(text: string): string | undefined {
  return /^(?:[^\\,=]|\\[\\,=])*$/s.test(text) ? text.replace(/\\([\\,=])/g, "$1") : undefined
}

function escaped(text: string): string {
  return text.replace(/[\\,=]/g, "\\$&")
}
