import type { LabelRequirement, LabelSelector, Labels } from "./label-selector.ts"
import { requirementsOf } from "./label-selector.ts"
import { readSelector } from "./selector-parser.ts"

/** Selectors as a query says them: `app=web,tier in (a,b),!canary`. */

/** The terms; a `RangeError` in Kubernetes' words for what is not understood. Empty text selects everything. */
export function parseSelector(selector: string): LabelRequirement[] {
  return readSelector(selector)
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
