import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { type LabelSelector, matches } from "@wick/sdk/api/meta/label-selector"
import { each, forbidden, invalid, required } from "./mistake.ts"
import { labelsMistakes, labelValue, qualifiedName } from "./name-format.ts"

export function selectorMistakes(field: string, selector: LabelSelector | undefined): FieldError[] {
  if (!selector) return []
  return [
    ...labelsMistakes(`${field}.matchLabels`, selector.matchLabels),
    ...each(`${field}.matchExpressions`, selector.matchExpressions, ({ key, operator, values = [] }, at) => [
      ...operatorMistakes(at, operator, values),
      ...qualifiedName(`${at}.key`, key),
      ...each(`${at}.values`, values, (value, place) => labelValue(place, value)),
    ]),
  ]
}

function operatorMistakes(at: string, operator: string, values: readonly string[]): FieldError[] {
  if (operator === "In" || operator === "NotIn") {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'"
    return values.length === 0 ? [required(`${at}.values`, detail)] : []
  }
  if (operator === "Exists" || operator === "DoesNotExist") {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    return values.length > 0 ? [forbidden(`${at}.values`, detail)] : []
  }
  return [invalid(`${at}.operator`, operator, "not a valid selector operator")]
}

export function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0
}

const emptySelector = "empty selector is invalid"

/** The selector of a controller, and whether the template's pods answer to it. */
export function templateSelectorMistakes(
  field: string,
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const mistakes = selectorMistakes(`${field}.selector`, selector)
  if (isEmptySelector(selector)) {
    return [...mistakes, invalid(`${field}.selector`, selector, emptySelector)]
  }
  if (mistakes.length > 0 || matches(selector, labels)) return mistakes
  const detail = "`selector` does not match template `labels`"
  return [invalid(`${field}.template.metadata.labels`, labels ?? {}, detail)]
}
