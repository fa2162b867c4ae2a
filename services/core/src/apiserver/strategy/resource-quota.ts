import type { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

const scopes = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
]
/** Nothing can be both. */
const opposites = [
  ["Terminating", "NotTerminating"],
  ["BestEffort", "NotBestEffort"],
]
const operators = ["In", "NotIn", "Exists", "DoesNotExist"]
/** Scopes that take values; the others either hold or do not. */
const valued = ["PriorityClass", "VolumeAttributesClass"]
const counted = [
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]

export const resourceQuotas: Strategy = {
  prepareCreate: (object) => {
    // A quota begins unknown: its controller says what is used.
    object.status = {}
  },
  validate: (object, old) => {
    const quota = object as unknown as ResourceQuota
    return [
      ...amountMistakes(quota),
      ...scopeMistakes(quota),
      ...(old ? moved(quota, old as unknown as ResourceQuota) : []),
    ]
  },
}

function amountMistakes({ spec }: ResourceQuota): FieldError[] {
  return Object.entries(spec?.hard ?? {}).flatMap(([name, value]): FieldError[] => {
    const field = `spec.hard[${name}]`
    if (!isQuantity(value)) return [{ type: "Invalid", field, value, detail: "must be a quantity" }]
    const nanos = parseQuantity(value)
    if (nanos < 0n) return [{ type: "Invalid", field, value, detail: "must be greater than or equal to 0" }]
    const isCount = counted.includes(name) || name.startsWith("count/")
    return isCount && nanos % 1_000_000_000n !== 0n
      ? [{ type: "Invalid", field, value, detail: "must be an integer" }]
      : []
  })
}

function scopeMistakes({ spec }: ResourceQuota): FieldError[] {
  const plain = spec?.scopes ?? []
  const mistakes = plain.flatMap((name): FieldError[] =>
    scopes.includes(name) ? [] : [{ type: "Invalid", field: "spec.scopes", value: plain, detail: "unsupported scope" }],
  )
  if (opposites.some((pair) => pair.every((name) => plain.includes(name)))) {
    mistakes.push({ type: "Invalid", field: "spec.scopes", value: plain, detail: "conflicting scopes" })
  }
  const field = "spec.scopeSelector.matchExpressions"
  for (const { scopeName, operator, values = [] } of spec?.scopeSelector?.matchExpressions ?? []) {
    if (!scopes.includes(scopeName)) {
      mistakes.push({ type: "Invalid", field: `${field}.scopeName`, value: scopeName, detail: "unsupported scope" })
    } else if (!operators.includes(operator)) {
      mistakes.push({
        type: "Invalid",
        field: `${field}.operator`,
        value: operator,
        detail: "not a valid selector operator",
      })
    } else if (!valued.includes(scopeName) && operator !== "Exists") {
      const detail =
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
      mistakes.push({ type: "Invalid", field: `${field}.operator`, value: operator, detail })
    }
    const listed = operator === "In" || operator === "NotIn"
    if (listed && values.length === 0) {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
      mistakes.push({ type: "Required", field: `${field}.values`, detail })
    }
    if (!listed && values.length > 0) {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
      mistakes.push({ type: "Invalid", field: `${field}.values`, value: values, detail })
    }
  }
  return mistakes
}

/** What a quota counts stays what it is: the count would be of something else. */
function moved(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const same = (one: unknown, other: unknown): boolean => jsonEqual(one ?? null, other ?? null)
  const detail = "field is immutable"
  const { scopes: value, scopeSelector } = quota.spec ?? {}
  const mistakes: FieldError[] = []
  const sorted = (names: readonly string[] | undefined): string[] => [...(names ?? [])].sort()
  if (!same(sorted(value), sorted(old.spec?.scopes))) {
    mistakes.push({ type: "Invalid", field: "spec.scopes", value: value ?? [], detail })
  }
  if (!same(scopeSelector, old.spec?.scopeSelector)) {
    mistakes.push({ type: "Invalid", field: "spec.scopeSelector", value: scopeSelector ?? null, detail })
  }
  return mistakes
}
