import * as z from "zod"
import { atomicList, atomicMap, named, optional, required, text, textMap, texts } from "../field.ts"

export const LabelSelectorRequirement = named(
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
  "A condition on the value of one label.",
  z.object({
    key: required(text, "Key of the label."),
    operator: required(text, "In, NotIn, Exists or DoesNotExist."),
    values: optional(texts, "Values for In and NotIn.", atomicList),
  }),
)
export type LabelSelectorRequirement = z.output<typeof LabelSelectorRequirement>

export const LabelSelector = named(
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
  "A question about labels; all its parts must hold. Empty selects everything.",
  z.object({
    matchLabels: optional(textMap, "Labels that must have exactly these values."),
    matchExpressions: optional(z.array(LabelSelectorRequirement), "Further conditions.", atomicList),
  }),
  atomicMap,
)
export type LabelSelector = z.output<typeof LabelSelector>

export type Labels = Readonly<Record<string, string>>

/** One term of a selector in a query: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt"
  readonly values: readonly string[]
}

/** The terms of a selector object. An absent selector selects nothing: ask before you call. */
export function requirementsOf(selector: LabelSelector): LabelRequirement[] {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In" as const,
    values: [value],
  }))
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    operator: operator as LabelRequirement["operator"],
    values: values ?? [],
  }))
  return [...equal, ...expressions]
}

/** Whether labels answer a selector: an object, or terms that were parsed from a query. */
export function matches(selector: LabelSelector | readonly LabelRequirement[], labels: Labels | undefined): boolean {
  const requirements = isTerms(selector) ? selector : requirementsOf(selector)
  return requirements.every((requirement) => meets(requirement, labels ?? {}))
}

function isTerms(selector: LabelSelector | readonly LabelRequirement[]): selector is readonly LabelRequirement[] {
  return Array.isArray(selector)
}

function meets({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    case "Gt":
      return value !== undefined && Number.parseInt(value, 10) > Number(values[0])
    case "Lt":
      return value !== undefined && Number.parseInt(value, 10) < Number(values[0])
    default:
      return false
  }
}

/** Whether labels have all these values: a Service's selector. Empty selects nothing, as Services want it. */
export function matchesMap(selector: Labels | undefined, labels: Labels | undefined): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value)
}
