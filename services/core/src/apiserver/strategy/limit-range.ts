import type { LimitRangeItem } from "@wick/sdk/api/core/limit-range"
import type { ResourceList } from "@wick/sdk/api/core/resources"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { canonicalQuantity, compareQuantities, isQuantity } from "@wick/sdk/api/meta/quantity"
import type { Strategy } from "./strategy.ts"

export const limitRanges: Strategy = {
  prepareCreate: fillDefaults,
  prepareUpdate: (object) => fillDefaults(object),
  validate: (object) => {
    const items = itemsOf(object)
    return items.flatMap((item, index) => [...duplicates(items, index), ...itemMistakes(item, `spec.limits[${index}]`)])
  },
}

function itemsOf(object: AnyObject): LimitRangeItem[] {
  return (object.spec as { limits?: LimitRangeItem[] } | undefined)?.limits ?? []
}

/** A container that says nothing gets the most that it may have, and asks for the same, or for the least. */
function fillDefaults(object: AnyObject): void {
  for (const item of itemsOf(object)) {
    if (item.type !== "Container") continue
    const limits = { ...item.max, ...item.default }
    const requests = { ...item.min, ...limits, ...item.defaultRequest }
    if (Object.keys(limits).length > 0) item.default = limits
    if (Object.keys(requests).length > 0) item.defaultRequest = requests
  }
}

function duplicates(items: readonly LimitRangeItem[], index: number): FieldError[] {
  const type = items[index]?.type
  const isSecond = items.slice(0, index).some((other) => other.type === type)
  return isSecond ? [{ type: "Duplicate", field: `spec.limits[${index}].type`, value: type, detail: "" }] : []
}

function itemMistakes(item: LimitRangeItem, field: string): FieldError[] {
  const { type, min, max, default: limits, defaultRequest: requests, maxLimitRequestRatio: ratio } = item
  const unreadable = Object.entries({ min, max, default: limits, defaultRequest: requests }).flatMap(([at, list]) =>
    Object.entries(list ?? {}).flatMap(([name, value]): FieldError[] =>
      isQuantity(value)
        ? []
        : [{ type: "Invalid", field: `${field}.${at}[${name}]`, value, detail: "must be a quantity" }],
    ),
  )
  if (unreadable.length > 0) return unreadable
  const below = (low: Named, high: Named): FieldError[] => orderMistakes(field, low, high)
  return [
    ...typeMistakes(item, field),
    ...below(["min", min], ["max", max]),
    ...below(["min", min], ["default request", requests, "defaultRequest"]),
    ...below(["default request", requests, "defaultRequest"], ["max", max]),
    ...below(["default request", requests, "defaultRequest"], ["default limit", limits, "default"]),
    ...below(["min", min], ["default limit", limits, "default"]),
    ...below(["default limit", limits, "default"], ["max", max]),
    ...Object.entries(ratio ?? {}).flatMap(([name, value]): FieldError[] =>
      compareQuantities(value, 1) >= 0
        ? []
        : [
            {
              type: "Invalid",
              field: `${field}.maxLimitRequestRatio[${name}]`,
              value: canonicalQuantity(value),
              detail: `ratio ${canonicalQuantity(value)} is less than 1`,
            },
          ],
    ),
    ...(type === "" ? [{ type: "Required", field: `${field}.type`, detail: "" } as const] : []),
  ]
}

function typeMistakes(
  { type, min, max, default: limits, defaultRequest }: LimitRangeItem,
  field: string,
): FieldError[] {
  if (type === "Pod") {
    const detail = "may not be specified when `type` is 'Pod'"
    return [
      ...(limits ? [{ type: "Forbidden", field: `${field}.default`, detail } as const] : []),
      ...(defaultRequest ? [{ type: "Forbidden", field: `${field}.defaultRequest`, detail } as const] : []),
    ]
  }
  if (type !== "PersistentVolumeClaim" || min?.storage !== undefined || max?.storage !== undefined) return []
  const detail = "either minimum or maximum storage value is required, but neither was provided"
  return [{ type: "Required", field: `${field}.limits`, detail }]
}

/** How it is called, the amounts, and the field if that has another name. */
type Named = readonly [words: string, amounts: ResourceList | undefined, field?: string]

function orderMistakes(field: string, low: Named, high: Named): FieldError[] {
  const [lowWords, lows, lowField = lowWords] = low
  const [highWords, highs] = high
  return Object.entries(lows ?? {}).flatMap(([name, value]): FieldError[] => {
    const bound = highs?.[name]
    if (bound === undefined || compareQuantities(value, bound) <= 0) return []
    const shown = canonicalQuantity(value)
    const detail = `${lowWords} value ${shown} is greater than ${highWords} value ${canonicalQuantity(bound)}`
    return [{ type: "Invalid", field: `${field}.${lowField}[${name}]`, value: shown, detail }]
  })
}
