import { matches } from "@wick/sdk/api/meta/label-selector"
import type { ClusterRole } from "@wick/sdk/api/rbac/cluster-role"

type Rules = NonNullable<ClusterRole["rules"]>

/**
 * The rules that an aggregated role should show: those of every role that it selects, in the order of their names, each
 * once. Undefined where it shows them already, or aggregates nothing. Of a role that is aggregated itself its rules are
 * taken as they stand; they are followed when they change.
 */
export function gatheredRules(role: ClusterRole, all: readonly ClusterRole[]): Rules | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (selectors === undefined) return undefined
  const selected = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => matches(selector, metadata.labels)))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const distinct = new Map(selected.flatMap(({ rules = [] }) => rules).map((rule) => [JSON.stringify(rule), rule]))
  const rules = [...distinct.values()]
  return JSON.stringify(rules) === JSON.stringify(role.rules ?? []) ? undefined : rules
}
