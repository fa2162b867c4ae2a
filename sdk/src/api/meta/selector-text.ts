import type { LabelRequirement, LabelSelector, Labels } from "./label-selector.ts"
import { requirementsOf } from "./label-selector.ts"

/** Selectors as a query says them: `app=web,tier in (a,b),!canary`. */

const key = String.raw`[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?`
const setTerm = new RegExp(String.raw`^(${key})\s+(in|notin)\s*\(([^()]*)\)$`)
const equalTerm = new RegExp(String.raw`^(${key})\s*(==|=|!=|>|<)\s*([\w.-]*)$`)
const existsTerm = new RegExp(String.raw`^(!?)\s*(${key})$`)

/** The terms; a `RangeError` with the part that is not understood. Empty text selects everything. */
export function parseSelector(selector: string): LabelRequirement[] {
  if (selector.trim() === "") return []
  return splitTerms(selector).map((term) => parseTerm(term.trim(), selector))
}

/** Commas inside parentheses belong to a term. */
function splitTerms(selector: string): string[] {
  const terms: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < selector.length; at++) {
    const character = selector[at]
    if (character === "(") depth += 1
    if (character === ")") depth -= 1
    if (character !== "," || depth > 0) continue
    terms.push(selector.slice(start, at))
    start = at + 1
  }
  return [...terms, selector.slice(start)]
}

function parseTerm(term: string, whole: string): LabelRequirement {
  const set = setTerm.exec(term)
  if (set?.[1] && set[3] !== undefined) {
    const values = set[3].split(",").map((value) => value.trim())
    return { key: set[1], operator: set[2] === "in" ? "In" : "NotIn", values }
  }
  const equal = equalTerm.exec(term)
  if (equal?.[1] && equal[3] !== undefined) {
    const operators = { "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt" } as const
    return { key: equal[1], operator: operators[equal[2] as keyof typeof operators], values: [equal[3]] }
  }
  const exists = existsTerm.exec(term)
  if (exists?.[2]) return { key: exists[2], operator: exists[1] === "!" ? "DoesNotExist" : "Exists", values: [] }
  throw new RangeError(`unable to parse requirement ${JSON.stringify(term)} of selector ${JSON.stringify(whole)}`)
}

/** The text of a selector, terms in order of their keys so that equal selectors give equal texts. */
export function formatSelector(selector: LabelSelector | readonly LabelRequirement[]): string {
  const requirements = "length" in selector ? selector : requirementsOf(selector as LabelSelector)
  return [...requirements]
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(formatTerm)
    .join(",")
}

/** `a=b,c=d`, or `<none>`: how tables show labels that must all be there. */
export function labelsText(labels: Labels | undefined): string {
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return terms.sort().join(",") || "<none>"
}

function formatTerm({ key: name, operator, values }: LabelRequirement): string {
  const sorted = [...values].sort()
  switch (operator) {
    case "In":
      return sorted.length === 1 ? `${name}=${sorted[0]}` : `${name} in (${sorted.join(",")})`
    case "NotIn":
      return sorted.length === 1 ? `${name}!=${sorted[0]}` : `${name} notin (${sorted.join(",")})`
    case "Exists":
      return name
    case "DoesNotExist":
      return `!${name}`
    case "Gt":
      return `${name}>${sorted[0]}`
    case "Lt":
      return `${name}<${sorted[0]}`
  }
}
