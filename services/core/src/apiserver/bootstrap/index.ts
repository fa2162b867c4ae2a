/**
 * What every cluster has from its first moment: namespaces, the roles of people and of core's own parts, the Service of
 * the API server, levels and flows of requests. Plain data, and the rule by which it is brought about at each start without
 * undoing what people have added. Imported by the compositions of core.
 */
import type { AnyObject } from "@wick/sdk/api/kind"
import { aggregatedRules, type ClusterRole } from "../authorization/policy.ts"
import { flowControlObjects } from "../fairness/bootstrap-objects.ts"
import {
  type ApiAddress,
  extensionAuthentication,
  kubernetesService,
  namespaces,
  systemPriorityClasses,
  type TrustedAuthorities,
} from "./cluster-objects.ts"
import { componentBindings, componentRoles, namespacedRoles } from "./component-roles.ts"
import { userBindings, userRoles } from "./user-roles.ts"

export type { ApiAddress, TrustedAuthorities } from "./cluster-objects.ts"
export { identities } from "./component-roles.ts"
export { ensureBootstrapObjects } from "./ensure.ts"

/** In an order in which each finds what it needs: namespaces before what is in them, roles before their bindings. */
export function bootstrapObjects(address: ApiAddress, trusted: TrustedAuthorities): AnyObject[] {
  return [
    ...namespaces(),
    ...systemPriorityClasses(),
    ...withAggregatedRules([...userRoles(), ...componentRoles()]),
    ...userBindings(),
    ...componentBindings(),
    ...namespacedRoles(),
    ...extensionAuthentication(trusted),
    ...kubernetesService(address),
    ...flowControlObjects(),
  ]
}

/**
 * Aggregated roles with the rules that they gather here, so that `kubectl describe` shows them. Only to be looked at: the
 * authorizer gathers anew, whatever roles are added or change later.
 */
function withAggregatedRules(roles: AnyObject[]): AnyObject[] {
  const all = roles as unknown as ClusterRole[]
  return roles.map((role) =>
    role.aggregationRule === undefined
      ? role
      : { ...role, rules: aggregatedRules(role as unknown as ClusterRole, all) },
  )
}
