import { ClusterRole } from "@wick/sdk/api/rbac/cluster-role"
import { createController, done, type Result, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { gatheredRules } from "./decide.ts"

/**
 * Keeps `rules` of aggregated cluster roles equal to what they select, for people and clients that read them. What the
 * authorizer grants does not wait for it.
 */
export function startClusterRoleAggregation(context: ControllerContext): AsyncDisposable {
  const { client, clock, informers, log, metrics } = context
  const roles = informers(ClusterRole)
  const aggregated = (): string[] =>
    roles.list().flatMap(({ aggregationRule, metadata }) => (aggregationRule ? [metadata.name] : []))
  return createController({
    name: "clusterrole-aggregation-controller",
    clock,
    log,
    metrics,
    watches: [watchOf(roles, aggregated)],
    reconcile: async (name): Promise<Result> => {
      const role = roles.get(name)
      const rules = role && gatheredRules(role, roles.list())
      if (role && rules) await client.update(ClusterRole, { ...role, rules })
      return done
    },
  })
}
