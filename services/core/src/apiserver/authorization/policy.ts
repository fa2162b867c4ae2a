import { type LabelSelector, matches } from "@wick/sdk/api/meta/label-selector"
import type { PolicyRule } from "./rule.ts"

/** The objects of RBAC, as far as a decision needs them. */
export interface ClusterRole {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> | undefined }
  readonly rules?: readonly PolicyRule[] | null | undefined
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] | undefined } | undefined
}

export interface Role {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly rules?: readonly PolicyRule[] | null | undefined
}

export interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
  readonly subjects?: readonly Subject[] | null | undefined
  readonly roleRef: RoleRef
}

export interface RoleRef {
  readonly kind: string
  readonly name: string
}

export interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string | undefined
}

/** A rule that somebody has, and the binding that gave it to them. */
export interface GrantedRule {
  readonly rule: PolicyRule
  readonly binding: Binding
  readonly roleRef: RoleRef
}

export interface PolicyObjects {
  readonly clusterRoles: readonly ClusterRole[]
  readonly roles: readonly Role[]
  readonly clusterRoleBindings: readonly Binding[]
  readonly roleBindings: readonly Binding[]
}

/** All of RBAC at one moment, looked up by who asks. */
export interface Policy {
  /** Rules of a user in a namespace ("" is none: cluster-wide ones only), cluster-wide ones first. */
  rulesOf(user: { readonly name: string; readonly groups: readonly string[] }, namespace: string): Iterable<GrantedRule>
  /** Rules of a role that a binding in `namespace` refers to; undefined if there is no such role. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined
}

/**
 * Built anew when an object of RBAC changes, which is rare; asked on every request. Hence the index: a request looks at
 * the bindings of its user and groups and at no others.
 */
export function createPolicy(objects: PolicyObjects): Policy {
  const clusterRoles = new Map(objects.clusterRoles.map((role) => [role.metadata.name, role]))
  const roles = new Map(objects.roles.map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role]))
  const clusterRules = new Map<string, readonly PolicyRule[]>()
  for (const role of objects.clusterRoles) clusterRules.set(role.metadata.name, rulesWithAggregated(role, objects))
  const everywhere = indexBySubject(objects.clusterRoleBindings)
  const byNamespace = new Map<string, BySubject>()
  for (const [namespace, bindings] of Map.groupBy(
    objects.roleBindings,
    (binding) => binding.metadata.namespace ?? "",
  )) {
    byNamespace.set(namespace, indexBySubject(bindings))
  }
  const rulesOfRole = (roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined =>
    roleRef.kind === "ClusterRole"
      ? clusterRoles.has(roleRef.name)
        ? clusterRules.get(roleRef.name)
        : undefined
      : (roles.get(`${namespace}/${roleRef.name}`)?.rules ?? undefined)

  return {
    rulesOfRole,
    *rulesOf(user, namespace) {
      for (const binding of bindingsOf(user, everywhere, byNamespace.get(namespace))) {
        const rules = rulesOfRole(binding.roleRef, binding.metadata.namespace ?? "") ?? []
        for (const rule of rules) yield { rule, binding, roleRef: binding.roleRef }
      }
    },
  }
}

/** Bindings by the names of those whom they are for. */
interface BySubject {
  readonly users: ReadonlyMap<string, readonly Binding[]>
  readonly groups: ReadonlyMap<string, readonly Binding[]>
}

function* bindingsOf(
  user: { readonly name: string; readonly groups: readonly string[] },
  ...indexes: readonly (BySubject | undefined)[]
): Generator<Binding> {
  for (const index of indexes) {
    if (index === undefined) continue
    yield* index.users.get(user.name) ?? []
    for (const group of user.groups) yield* index.groups.get(group) ?? []
  }
}

function indexBySubject(bindings: readonly Binding[]): BySubject {
  const users = new Map<string, Binding[]>()
  const groups = new Map<string, Binding[]>()
  // A subject of a kind that nobody knows is nobody.
  const kinds = new Map([
    ["User", users],
    ["ServiceAccount", users],
    ["Group", groups],
  ])
  for (const binding of bindings) {
    for (const subject of binding.subjects ?? []) {
      const index = kinds.get(subject.kind)
      const name = userName(subject, binding)
      const list = index?.get(name) ?? []
      list.push(binding)
      index?.set(name, list)
    }
  }
  return { users, groups }
}

/** A service account is a user of a certain name; in a RoleBinding its namespace may be left out. */
function userName({ kind, name, namespace }: Subject, binding: Binding): string {
  if (kind !== "ServiceAccount") return name
  return `system:serviceaccount:${namespace ?? binding.metadata.namespace ?? ""}:${name}`
}

/** An aggregated role has the rules of all roles that it selects, whatever it says itself. */
function rulesWithAggregated(role: ClusterRole, { clusterRoles }: PolicyObjects): readonly PolicyRule[] {
  if (role.aggregationRule === undefined) return role.rules ?? []
  return aggregatedRules(role, clusterRoles)
}

export function aggregatedRules(role: ClusterRole, clusterRoles: readonly ClusterRole[]): PolicyRule[] {
  const visited = new Set<ClusterRole>()
  const collect = (aggregated: ClusterRole): readonly PolicyRule[] => {
    // Roles may select each other, or themselves: each is taken once.
    if (visited.has(aggregated)) return []
    visited.add(aggregated)
    const selectors = aggregated.aggregationRule?.clusterRoleSelectors
    if (selectors === undefined) return aggregated.rules ?? []
    const selected = clusterRoles
      .filter((other) => selectors.some((selector) => matches(selector, other.metadata.labels)))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    return selected.flatMap(collect)
  }
  const distinct = new Map(collect(role).map((rule) => [JSON.stringify(rule), rule]))
  return [...distinct.values()]
}
