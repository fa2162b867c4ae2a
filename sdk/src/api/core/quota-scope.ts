import type { AnyObject } from "../kind.ts"
import type { PodAffinityTerm } from "./affinity.ts"
import type { Pod } from "./pod.ts"
import type { ResourceQuota, ScopedResourceSelectorRequirement } from "./resource-quota.ts"

type Requirement = ScopedResourceSelectorRequirement

/** Scopes and selector of a quota, in one form. */
export function scopesOf({ spec }: ResourceQuota): Requirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: "Exists" }))
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])]
}

/** Whether the quota counts the object at all: one with scopes counts only pods, and claims by their attributes. */
export function isInScope(quota: ResourceQuota, plural: string, object: AnyObject): boolean {
  return scopesOf(quota).every((scope) => {
    if (plural === "pods") return podInScope(scope, object as unknown as Pod)
    if (plural !== "persistentvolumeclaims" || scope.scopeName !== "VolumeAttributesClass") return false
    const { volumeAttributesClassName } = (object.spec ?? {}) as { volumeAttributesClassName?: string }
    return valueMatches(scope, volumeAttributesClassName)
  })
}

function podInScope(scope: Requirement, { spec, status }: Pod): boolean {
  const terminating = spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0
  switch (scope.scopeName) {
    case "Terminating":
      return terminating
    case "NotTerminating":
      return !terminating
    case "BestEffort":
      return status?.qosClass === "BestEffort"
    case "NotBestEffort":
      return status?.qosClass !== "BestEffort"
    case "PriorityClass":
      return valueMatches(scope, spec.priorityClassName)
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(spec.affinity)
    default:
      return false
  }
}

function valueMatches({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  const isSet = value !== undefined && value !== ""
  switch (operator) {
    case "Exists":
      return isSet
    case "DoesNotExist":
      return !isSet
    case "In":
      return isSet && values.includes(value)
    case "NotIn":
      return !isSet || !values.includes(value)
    default:
      return false
  }
}

function crossesNamespaces(affinity: Pod["spec"]["affinity"]): boolean {
  const sides = [affinity?.podAffinity, affinity?.podAntiAffinity]
  const terms = sides.flatMap((side): PodAffinityTerm[] => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector !== undefined,
  )
}
