import type { Affinity, NodeSelector, NodeSelectorTerm } from "@wick/sdk/api/core/affinity"
import type { Toleration, TopologySpreadConstraint } from "@wick/sdk/api/core/scheduling"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { duplicate, each, forbidden, invalid, oneOf, required } from "../mistake.ts"
import { dnsLabel, labelValue, qualifiedName } from "../name-format.ts"
import { selectorMistakes } from "../selector.ts"

export function tolerationMistakes(field: string, tolerations: readonly Toleration[] | undefined): FieldError[] {
  return each(field, tolerations, (toleration, at) => {
    const { key = "", operator = "Equal", value = "", effect, tolerationSeconds } = toleration
    const mistakes = key === "" ? [] : qualifiedName(`${at}.key`, key)
    if (key === "" && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      mistakes.push(invalid(`${at}.operator`, toleration.operator ?? "", detail))
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
      mistakes.push(invalid(`${at}.effect`, effect ?? "", detail))
    }
    if (operator === "Equal") mistakes.push(...labelValue(`${at}.operator`, value))
    else if (operator !== "Exists") mistakes.push(...oneOf(`${at}.operator`, operator, ["Equal", "Exists"]))
    else if (value !== "") {
      mistakes.push(invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"))
    }
    return mistakes
  })
}

const weightMax = 100

export function affinityMistakes(field: string, affinity: Affinity | undefined): FieldError[] {
  if (!affinity) return []
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const node = `${field}.nodeAffinity`
  const { requiredDuringSchedulingIgnoredDuringExecution: wanted } = nodeAffinity ?? {}
  return [
    ...(wanted ? nodeSelectorMistakes(`${node}.requiredDuringSchedulingIgnoredDuringExecution`, wanted) : []),
    ...each(
      `${node}.preferredDuringSchedulingIgnoredDuringExecution`,
      nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution,
      ({ weight, preference }, at) => [
        ...weightMistakes(at, weight),
        ...nodeSelectorTermMistakes(`${at}.preference`, preference),
      ],
    ),
    ...podAffinityMistakes(`${field}.podAffinity`, podAffinity),
    ...podAffinityMistakes(`${field}.podAntiAffinity`, podAntiAffinity),
  ]
}

function weightMistakes(at: string, weight: number): FieldError[] {
  return weight >= 1 && weight <= weightMax ? [] : [invalid(`${at}.weight`, weight, "must be in the range 1-100")]
}

export function nodeSelectorMistakes(field: string, { nodeSelectorTerms }: NodeSelector): FieldError[] {
  const at = `${field}.nodeSelectorTerms`
  if (nodeSelectorTerms.length === 0) return [required(at, "must have at least one node selector term")]
  return each(at, nodeSelectorTerms, (term, place) => nodeSelectorTermMistakes(place, term))
}

function nodeSelectorTermMistakes(field: string, { matchExpressions, matchFields }: NodeSelectorTerm): FieldError[] {
  return [
    ...each(`${field}.matchExpressions`, matchExpressions, ({ key, operator, values = [] }, at) => [
      ...operatorMistakes(at, operator, values),
      ...qualifiedName(`${at}.key`, key),
    ]),
    ...each(`${field}.matchFields`, matchFields, ({ key, operator, values = [] }, at) => [
      ...(values.length === 1
        ? []
        : [
            required(
              `${at}.values`,
              "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
            ),
          ]),
      ...(operator === "In" || operator === "NotIn"
        ? []
        : [invalid(`${at}.operator`, operator, "not a valid selector operator")]),
      ...(key === "metadata.name" ? [] : [invalid(`${at}.key`, key, "not a valid field selector key")]),
    ]),
  ]
}

function operatorMistakes(at: string, operator: string, values: readonly string[]): FieldError[] {
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length > 0 ? [] : [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
    case "Exists":
    case "DoesNotExist":
      return values.length === 0
        ? []
        : [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    case "Gt":
    case "Lt":
      return values.length === 1
        ? []
        : [required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
    default:
      return [invalid(`${at}.operator`, operator, "not a valid selector operator")]
  }
}

type PodAffinity = NonNullable<Affinity["podAffinity"]>
type PodAffinityTerm = NonNullable<PodAffinity["requiredDuringSchedulingIgnoredDuringExecution"]>[number]

function podAffinityMistakes(field: string, affinity: PodAffinity | undefined): FieldError[] {
  return [
    ...each(
      `${field}.requiredDuringSchedulingIgnoredDuringExecution`,
      affinity?.requiredDuringSchedulingIgnoredDuringExecution,
      podAffinityTermMistakes,
    ),
    ...each(
      `${field}.preferredDuringSchedulingIgnoredDuringExecution`,
      affinity?.preferredDuringSchedulingIgnoredDuringExecution,
      ({ weight, podAffinityTerm }, at) => [
        ...weightMistakes(at, weight),
        ...podAffinityTermMistakes(podAffinityTerm, `${at}.podAffinityTerm`),
      ],
    ),
  ]
}

function podAffinityTermMistakes(term: PodAffinityTerm, at: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces, topologyKey } = term
  return [
    ...selectorMistakes(`${at}.labelSelector`, labelSelector),
    ...selectorMistakes(`${at}.namespaceSelector`, namespaceSelector),
    ...(namespaces ?? []).flatMap((name) => dnsLabel(`${at}.namespaces`, name)),
    ...topologyKeyMistakes(at, topologyKey),
  ]
}

function topologyKeyMistakes(at: string, key: string): FieldError[] {
  return key === "" ? [required(`${at}.topologyKey`, "can not be empty")] : qualifiedName(`${at}.topologyKey`, key)
}

const policies = ["Honor", "Ignore"]

export function topologySpreadMistakes(
  field: string,
  constraints: readonly TopologySpreadConstraint[] | undefined,
): FieldError[] {
  const seen = new Set<string>()
  return each(field, constraints, (constraint, at) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector } = constraint
    const key = `{${topologyKey}, ${whenUnsatisfiable}}`
    const isRepeated = seen.has(key)
    seen.add(key)
    const idle = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
    return [
      ...(maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero")]),
      ...(topologyKey === "" ? [required(`${at}.topologyKey`, "can not be empty")] : []),
      ...(isRepeated ? [duplicate(at, key)] : []),
      ...(minDomains !== undefined && minDomains <= 0
        ? [invalid(`${at}.minDomains`, minDomains, "must be greater than 0")]
        : []),
      ...(minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule"
        ? [invalid(`${at}.minDomains`, minDomains, idle)]
        : []),
      ...oneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, policies),
      ...oneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, policies),
      ...selectorMistakes(`${at}.labelSelector`, labelSelector),
    ]
  })
}
