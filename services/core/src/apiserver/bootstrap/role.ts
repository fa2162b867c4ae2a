import type { AnyObject } from "@wick/sdk/api/kind"
import type { PolicyRule } from "../authorization/rule.ts"

/** Shorthands in which the roles below are written down. */
export const read = ["get", "list", "watch"]
export const write = ["create", "update", "patch", "delete", "deletecollection"]

export function rule(verbs: readonly string[], group: string, ...resources: string[]): PolicyRule {
  return { verbs, apiGroups: [group], resources }
}

export function paths(verbs: readonly string[], ...nonResourceURLs: string[]): PolicyRule {
  return { verbs, nonResourceURLs }
}

/** What every object has that the server itself brings: mended at each start, and known as such. */
const metadata = {
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Record<string, string> = {},
): AnyObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { ...metadata, name, labels: { ...metadata.labels, ...labels } },
    rules,
  }
}

/** A role within one namespace. */
export function namespacedRole(namespace: string, name: string, rules: readonly PolicyRule[]): AnyObject {
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { ...metadata, name, namespace }, rules }
}

/** A role that is the sum of all roles that carry one of the labels. */
export function aggregatedRole(name: string, label: string, labels: Record<string, string> = {}): AnyObject {
  const selector = { matchLabels: { [label]: "true" } }
  return { ...clusterRole(name, [], labels), aggregationRule: { clusterRoleSelectors: [selector] } }
}

export interface BootstrapSubject {
  readonly kind: "User" | "Group"
  readonly name: string
}

export const group = (name: string): BootstrapSubject => ({ kind: "Group", name })
export const user = (name: string): BootstrapSubject => ({ kind: "User", name })

/** Binds a cluster role, by default under the role's own name. */
export function clusterRoleBinding(role: string, ...subjects: BootstrapSubject[]): AnyObject {
  const apiGroup = "rbac.authorization.k8s.io"
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { ...metadata, name: role },
    subjects: subjects.map((subject) => ({ ...subject, apiGroup })),
    roleRef: { apiGroup, kind: "ClusterRole", name: role },
  }
}

/** Binds a role of a namespace there. */
export function roleBinding(namespace: string, name: string, role: string, ...subjects: BootstrapSubject[]): AnyObject {
  const apiGroup = "rbac.authorization.k8s.io"
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: "RoleBinding",
    metadata: { ...metadata, name, namespace },
    subjects: subjects.map((subject) => ({ ...subject, apiGroup })),
    roleRef: { apiGroup, kind: "Role", name: role },
  }
}
