import type { UserInfo } from "../authentication/user.ts"
import type { RequestInfo } from "../request-info.ts"

export type Level = "None" | "Metadata" | "Request" | "RequestResponse"
export type Stage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic"

/** `audit.k8s.io/v1` Policy: the first rule that a request matches says how much of it is written down. */
export interface AuditPolicy {
  readonly apiVersion: "audit.k8s.io/v1"
  readonly kind: "Policy"
  readonly omitStages?: readonly Stage[]
  /** Bodies are written down without `managedFields`. */
  readonly omitManagedFields?: boolean
  readonly rules: readonly AuditRule[]
}

export interface AuditRule {
  readonly level: Level
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly {
    readonly group?: string
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly Stage[]
  /** Absent: what the policy says for all. */
  readonly omitManagedFields?: boolean
}

export interface Verdict {
  readonly level: Level
  readonly omitManagedFields: boolean
  readonly omitted: ReadonlySet<Stage>
}

export const levels: readonly Level[] = ["None", "Metadata", "Request", "RequestResponse"]
const stages: readonly Stage[] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]

/** Throws saying which field of the policy is wrong. */
export function checkPolicy(policy: AuditPolicy): void {
  if (policy?.kind !== "Policy" || policy.apiVersion !== "audit.k8s.io/v1") {
    throw new Error('audit policy: must be of apiVersion "audit.k8s.io/v1" and kind "Policy"')
  }
  if (!policy.rules?.length) throw new Error("audit policy: rules: Required value: must have at least one rule")
  checkStages(policy.omitStages, "omitStages")
  policy.rules.forEach((rule, at) => {
    checkOne(rule.level, levels, `rules[${at}].level`)
    checkStages(rule.omitStages, `rules[${at}].omitStages`)
    if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length)) {
      throw new Error(
        `audit policy: rules[${at}].nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`,
      )
    }
  })
}

function checkStages(found: readonly Stage[] | undefined, path: string): void {
  found?.forEach((stage, at) => {
    checkOne(stage, stages, `${path}[${at}]`)
  })
}

function checkOne(found: string, known: readonly string[], path: string): void {
  if (known.includes(found)) return
  const list = known.map((each) => JSON.stringify(each)).join(", ")
  throw new Error(`audit policy: ${path}: Unsupported value: ${JSON.stringify(found)}: supported values: ${list}`)
}

/** What the policy says of a request. What no rule matches is not written down. */
export function verdictOf(policy: AuditPolicy, user: UserInfo, info: RequestInfo): Verdict {
  const rule = policy.rules.findIndex((each) => matches(each, user, info))
  return verdictsOf(policy)[rule] ?? unwritten
}

const unwritten: Verdict = { level: "None", omitManagedFields: false, omitted: new Set() }
/** What each rule of a policy says: put together once, and asked for with every request. */
const verdicts = new WeakMap<AuditPolicy, readonly Verdict[]>()

function verdictsOf(policy: AuditPolicy): readonly Verdict[] {
  const known = verdicts.get(policy)
  if (known) return known
  const made = policy.rules.map(({ level, omitStages = [], omitManagedFields }) => ({
    level,
    omitted: new Set([...(policy.omitStages ?? []), ...omitStages]),
    omitManagedFields: omitManagedFields ?? policy.omitManagedFields ?? false,
  }))
  verdicts.set(policy, made)
  return made
}

function matches(rule: AuditRule, user: UserInfo, info: RequestInfo): boolean {
  const { users, userGroups, verbs, resources, namespaces, nonResourceURLs } = rule
  // An empty list of a rule is no condition.
  if (users?.length && !users.includes(user.name)) return false
  if (userGroups?.length && !userGroups.some((group) => user.groups.includes(group))) return false
  if (verbs?.length && !verbs.includes("*") && !verbs.includes(info.verb)) return false
  if (!resources?.length && !namespaces?.length && !nonResourceURLs?.length) return true
  if (info.kind === "path") return (nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, info.path))
  if (nonResourceURLs?.length) return false
  if (namespaces?.length && !namespaces.includes(info.namespace)) return false
  return !resources?.length || resources.some((each) => matchesResource(each, info))
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : pattern === path
}

type Target = Extract<RequestInfo, { kind: "resource" }>

function matchesResource(wanted: NonNullable<AuditRule["resources"]>[number], info: Target): boolean {
  if ((wanted.group ?? "") !== info.group) return false
  const { resourceNames, resources } = wanted
  if (resourceNames?.length && !resourceNames.includes(info.name)) return false
  const { resource, subresource } = info
  if (!resources?.length) return true
  return resources.some((each) => {
    const [main = "", part] = each.split("/")
    if (each === "*") return true
    // As Kubernetes has it: a name without a slash is the resource itself, never what is below it.
    return (main === "*" || main === resource) && (part === "*" ? subresource !== "" : (part ?? "") === subresource)
  })
}

/** Who changed what, and not what it was changed to; what the components say to each other all day is left out. */
export const defaultPolicy: AuditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [
    { level: "None", verbs: ["get", "list", "watch"] },
    { level: "None", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
    {
      level: "None",
      resources: [
        { group: "", resources: ["events"] },
        { group: "events.k8s.io", resources: ["events"] },
      ],
    },
    { level: "None", nonResourceURLs: ["*"] },
    { level: "Metadata" },
  ],
}
