import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { AdmissionAttributes, AdmissionStep } from "../admission/step.ts"
import { mastersGroup } from "./authorize.ts"
import type { Authorizer } from "./authorizer.ts"
import { describeRights, rightsBeyond } from "./escalation.ts"
import type { RoleRef } from "./policy.ts"
import type { PolicyRule } from "./rule.ts"

const rbac = "rbac.authorization.k8s.io"
const everything: PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
]

/**
 * Nobody gives rights that they do not have: a role may say only what its writer may do, and a binding may hand on only
 * such a role. Who may `escalate` roles or `bind` a role may do so all the same.
 */
export function createEscalationCheck(authorizer: Authorizer): AdmissionStep {
  return {
    name: "RBACEscalation",
    validate: (attributes) => {
      const { group, resource, subresource, operation, user } = attributes
      const writes = operation === "CREATE" || operation === "UPDATE"
      if (group !== rbac || subresource !== "" || !writes || user.groups.includes(mastersGroup)) return
      if (resource === "roles" || resource === "clusterroles") checkRole(attributes, authorizer)
      if (resource === "rolebindings" || resource === "clusterrolebindings") checkBinding(attributes, authorizer)
    },
  }
}

function checkRole(attributes: AdmissionAttributes, authorizer: Authorizer): void {
  const { object, oldObject } = attributes
  if (isSame(object, oldObject, "rules") && isSame(object, oldObject, "aggregationRule")) return
  if (mayUse(attributes, authorizer, "escalate", attributes.resource, attributes.name)) return
  // An aggregated role takes in whatever others label for it, some day: only who has all rights may open that door.
  const wanted = object?.aggregationRule ? everything : ((object?.rules ?? []) as PolicyRule[])
  refuseBeyond(attributes, authorizer, wanted)
}

function checkBinding(attributes: AdmissionAttributes, authorizer: Authorizer): void {
  const { object, oldObject, namespace } = attributes
  if (isSame(object, oldObject, "roleRef") && isSame(object, oldObject, "subjects")) return
  const roleRef = object?.roleRef as RoleRef
  const resource = roleRef.kind === "ClusterRole" ? "clusterroles" : "roles"
  if (mayUse(attributes, authorizer, "bind", resource, roleRef.name)) return
  const rules = authorizer.policy().rulesOfRole(roleRef, namespace)
  if (rules === undefined) {
    const details = { name: roleRef.name, group: rbac, kind: resource }
    throw new StatusError("NotFound", `${resource}.${rbac} "${roleRef.name}" not found`, details)
  }
  refuseBeyond(attributes, authorizer, rules)
}

function isSame(object: AnyObject | undefined, oldObject: AnyObject | undefined, field: string): boolean {
  return oldObject !== undefined && JSON.stringify(object?.[field]) === JSON.stringify(oldObject[field])
}

function mayUse(
  { user, namespace }: AdmissionAttributes,
  authorizer: Authorizer,
  verb: string,
  resource: string,
  name: string,
): boolean {
  return authorizer.authorize(user, { kind: "resource", verb, group: rbac, resource, subresource: "", namespace, name })
    .allowed
}

function refuseBeyond(attributes: AdmissionAttributes, authorizer: Authorizer, wanted: readonly PolicyRule[]): void {
  const { user, namespace, resource, name } = attributes
  const owned = [...authorizer.policy().rulesOf(user, namespace)].map((granted) => granted.rule)
  const beyond = rightsBeyond(owned, wanted)
  if (beyond.length === 0) return
  const groups = user.groups.map((group) => JSON.stringify(group)).join(" ")
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`
  const message = `${resource}.${rbac} "${name}" is forbidden: ${who} is attempting to grant RBAC permissions not currently held:\n${describeRights(beyond)}`
  throw new StatusError("Forbidden", message, { name, group: rbac, kind: resource })
}
