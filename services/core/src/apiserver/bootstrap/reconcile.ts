import type { AnyObject } from "@wick/sdk/api/kind"
import { rightsBeyond } from "../authorization/escalation.ts"
import type { PolicyRule } from "../authorization/rule.ts"
import { autoupdate as keepsSpec, mandatory } from "../fairness/bootstrap-objects.ts"

const autoupdate = "rbac.authorization.kubernetes.io/autoupdate"

/**
 * Pure: what `found` should become so that it serves as `wanted`, or undefined if it does already. What people added
 * stays; what a role needs and lacks is added; a role whose autoupdate annotation is "false" is left alone.
 */
export function reconciled(found: AnyObject, wanted: AnyObject): AnyObject | undefined {
  switch (wanted.kind) {
    case "ClusterRole":
    case "Role":
      return found.metadata.annotations?.[autoupdate] === "false" ? undefined : withRules(found, wanted)
    case "ClusterRoleBinding":
    case "RoleBinding":
      return found.metadata.annotations?.[autoupdate] === "false" ? undefined : withSubjects(found, wanted)
    // These say where the API server is, and that may have changed since the last start.
    case "Endpoints":
      return replaced(found, wanted, "subsets")
    // An authority may have been made anew.
    case "ConfigMap":
      return replaced(found, wanted, "data")
    case "EndpointSlice":
      return replaced(found, wanted, "endpoints", "ports")
    case "FlowSchema":
    case "PriorityLevelConfiguration":
      return isKept(found) ? replaced(found, wanted, "spec") : undefined
    default:
      return undefined
  }
}

/** Whether the server keeps the spec: as the annotation says, or until people change it. What it cannot do without nobody can change. */
function isKept({ metadata }: AnyObject): boolean {
  if (mandatory.includes(metadata.name ?? "")) return false
  const told = metadata.annotations?.[keepsSpec]
  return told === undefined ? metadata.generation === 1 : told === "true"
}

function withRules(found: AnyObject, wanted: AnyObject): AnyObject | undefined {
  const owned = (found.rules ?? []) as PolicyRule[]
  const missing = ((wanted.rules ?? []) as PolicyRule[]).filter((rule) => rightsBeyond(owned, [rule]).length > 0)
  const aggregates = JSON.stringify(found.aggregationRule) === JSON.stringify(wanted.aggregationRule)
  if (missing.length === 0 && aggregates) return undefined
  return {
    ...found,
    rules: [...owned, ...missing],
    ...(wanted.aggregationRule !== undefined && { aggregationRule: wanted.aggregationRule }),
  }
}

interface Subject {
  kind: string
  name: string
}

function withSubjects(found: AnyObject, wanted: AnyObject): AnyObject | undefined {
  const owned = (found.subjects ?? []) as Subject[]
  const missing = ((wanted.subjects ?? []) as Subject[]).filter(
    ({ kind, name }) => !owned.some((subject) => subject.kind === kind && subject.name === name),
  )
  return missing.length === 0 ? undefined : { ...found, subjects: [...owned, ...missing] }
}

function replaced(found: AnyObject, wanted: AnyObject, ...fields: string[]): AnyObject | undefined {
  const differs = fields.some((field) => !contains(found[field], wanted[field]))
  if (!differs) return undefined
  return { ...found, ...Object.fromEntries(fields.map((field) => [field, wanted[field]])) }
}

/** Whether `found` says all that `wanted` says; the server may have filled in more. */
function contains(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) && found.length === wanted.length && wanted.every((item, at) => contains(found[at], item))
    )
  }
  if (typeof wanted !== "object" || wanted === null) return found === wanted
  if (typeof found !== "object" || found === null) return false
  return Object.entries(wanted).every(([key, value]) => contains((found as Record<string, unknown>)[key], value))
}
