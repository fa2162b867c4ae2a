import type { AnyObject } from "@wick/sdk/api/kind"
import { issuerPaths } from "../authentication/issuer-documents.ts"
import { authenticatedGroup, unauthenticatedGroup } from "../authentication/user.ts"
import { mastersGroup } from "../authorization/authorize.ts"
import { aggregatedRole, clusterRole, clusterRoleBinding, group, paths, read, rule, write } from "./role.ts"

const aggregateTo = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`
const partOf = (role: string): Record<string, string> => ({ [aggregateTo(role)]: "true" })

/** Roles for people, as every Kubernetes has them. */
export function userRoles(): AnyObject[] {
  return [
    clusterRole("cluster-admin", [rule(["*"], "*", "*"), paths(["*"], "*")]),
    aggregatedRole("admin", aggregateTo("admin")),
    aggregatedRole("edit", aggregateTo("edit"), partOf("admin")),
    aggregatedRole("view", aggregateTo("view"), partOf("edit")),
    clusterRole("system:aggregate-to-admin", adminRules(), partOf("admin")),
    clusterRole("system:aggregate-to-edit", editRules(), partOf("edit")),
    clusterRole("system:aggregate-to-view", viewRules(), partOf("view")),
    clusterRole("system:aggregated-metrics-reader", [rule(read, "metrics.k8s.io", "pods", "nodes")], {
      ...partOf("view"),
      ...partOf("edit"),
      ...partOf("admin"),
    }),
    clusterRole("system:basic-user", [
      rule(["create"], "authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
      rule(["create"], "authentication.k8s.io", "selfsubjectreviews"),
    ]),
    clusterRole("system:discovery", [
      paths(["get"], "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version", "/version/"),
      paths(["get"], "/healthz", "/livez", "/readyz"),
    ]),
    clusterRole("system:public-info-viewer", [
      paths(["get"], "/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*", "/version", "/version/"),
    ]),
    clusterRole("system:monitoring", [
      paths(["get"], "/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*", "/metrics"),
    ]),
    clusterRole("system:service-account-issuer-discovery", [
      paths(["get"], ...[issuerPaths.configuration, issuerPaths.keys].flatMap((path) => [path, `${path}/`])),
    ]),
    clusterRole("system:auth-delegator", [
      rule(["create"], "authentication.k8s.io", "tokenreviews"),
      rule(["create"], "authorization.k8s.io", "subjectaccessreviews"),
    ]),
  ]
}

export function userBindings(): AnyObject[] {
  const everybody = group(authenticatedGroup)
  return [
    clusterRoleBinding("cluster-admin", group(mastersGroup)),
    clusterRoleBinding("system:basic-user", everybody),
    clusterRoleBinding("system:discovery", everybody),
    clusterRoleBinding("system:public-info-viewer", everybody, group(unauthenticatedGroup)),
    clusterRoleBinding("system:service-account-issuer-discovery", group("system:serviceaccounts")),
    clusterRoleBinding("system:monitoring", group("system:monitoring")),
  ]
}

/** All that lives in a namespace, without what could be used to become somebody else: secrets, tokens, roles. */
function viewRules(): ReturnType<typeof rule>[] {
  const core = ["configmaps", "endpoints", "events", "namespaces", "persistentvolumeclaims", "pods", "pods/log"]
  return [
    rule(read, "", ...core, "pods/status", "serviceaccounts", "services", "services/status", "namespaces/status"),
    rule(read, "", "replicationcontrollers", "replicationcontrollers/scale", "limitranges", "resourcequotas"),
    rule(read, "discovery.k8s.io", "endpointslices"),
    rule(read, "events.k8s.io", "events"),
    rule(read, "apps", ...workloads, ...workloads.map((resource) => `${resource}/status`)),
    rule(read, "apps", "deployments/scale", "replicasets/scale", "statefulsets/scale", "controllerrevisions"),
    rule(read, "batch", "jobs", "jobs/status", "cronjobs", "cronjobs/status"),
    rule(read, "autoscaling", "horizontalpodautoscalers", "horizontalpodautoscalers/status"),
    rule(read, "networking.k8s.io", "ingresses", "ingresses/status", "networkpolicies"),
    rule(read, "policy", "poddisruptionbudgets", "poddisruptionbudgets/status"),
  ]
}

const workloads = ["deployments", "replicasets", "statefulsets", "daemonsets"]

function editRules(): ReturnType<typeof rule>[] {
  const inPods = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"]
  return [
    rule(read, "", ...inPods, "secrets"),
    rule(write, "", ...inPods, "pods", "configmaps", "events", "persistentvolumeclaims", "secrets", "serviceaccounts"),
    rule(write, "", "services", "replicationcontrollers", "replicationcontrollers/scale"),
    rule(["create"], "", "pods/eviction", "serviceaccounts/token"),
    rule(["impersonate"], "", "serviceaccounts"),
    rule(write, "apps", ...workloads, "deployments/scale", "replicasets/scale", "statefulsets/scale"),
    rule(write, "apps", "deployments/rollback"),
    rule(write, "batch", "jobs", "cronjobs"),
    rule(write, "autoscaling", "horizontalpodautoscalers"),
    rule(write, "networking.k8s.io", "ingresses", "networkpolicies"),
    rule(write, "policy", "poddisruptionbudgets"),
    rule([...read, ...write], "coordination.k8s.io", "leases"),
  ]
}

function adminRules(): ReturnType<typeof rule>[] {
  return [
    rule(["create"], "authorization.k8s.io", "localsubjectaccessreviews"),
    rule([...read, ...write], "rbac.authorization.k8s.io", "roles", "rolebindings"),
  ]
}
