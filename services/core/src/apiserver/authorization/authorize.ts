import type { GrantedRule, Policy } from "./policy.ts"
import { type Action, ruleAllows } from "./rule.ts"

/** Whoever is in it may do everything, whatever RBAC says: the way back in when a policy locked everybody out. */
export const mastersGroup = "system:masters"

export interface Requester {
  readonly name: string
  readonly groups: readonly string[]
}

/** `reason` is for the audit log and for SubjectAccessReviews, not for whoever was refused. */
export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

export interface Withheld {
  readonly role: string
  readonly because: string
}

/** `withheld`: a role whose grants do not count for this action, and why. */
export function authorize(user: Requester, action: Action, policy: Policy, withheld?: Withheld): Decision {
  if (user.groups.includes(mastersGroup)) return { allowed: true, reason: "" }
  const namespace = action.kind === "resource" ? action.namespace : ""
  for (const granted of policy.rulesOf(user, namespace)) {
    if (granted.roleRef.name === withheld?.role) continue
    if (ruleAllows(granted.rule, action)) return { allowed: true, reason: grantText(user, granted) }
  }
  return { allowed: false, reason: withheld?.because ?? "" }
}

function grantText(user: Requester, { binding, roleRef }: GrantedRule): string {
  const { name, namespace } = binding.metadata
  const title = namespace === undefined ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`
  const subject = (binding.subjects ?? []).find(
    ({ kind, name: subjectName }) =>
      (kind === "User" && subjectName === user.name) || (kind === "Group" && user.groups.includes(subjectName)),
  )
  const to = subject
    ? `${subject.kind} "${subject.name}"`
    : `ServiceAccount "${user.name.split(":").slice(2).join("/")}"`
  return `RBAC: allowed by ${title} of ${roleRef.kind} "${roleRef.name}" to ${to}`
}

/** Kubernetes' words for a no: `User "jo" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function refusalText(user: Requester, action: Action): string {
  if (action.kind === "path") return `User "${user.name}" cannot ${action.verb} path "${action.path}"`
  const { verb, group, resource, subresource, namespace } = action
  const full = subresource === "" ? resource : `${resource}/${subresource}`
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`
  return `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`
}
