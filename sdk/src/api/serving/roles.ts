import type { AnyObject } from "../kind.ts"

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const read = ["get", "list", "watch"]
const write = [...read, "create", "update", "patch", "delete"]
const autoscaling = "autoscaling.internal.knative.dev"
const networking = "networking.internal.knative.dev"
const serving = ["serving.knative.dev", autoscaling, networking, "caching.internal.knative.dev"]
export const servingNamespace = "knative-serving"
/** Secret in that namespace by whose key gateways know the other services of serving. */
export const gatewayKeySecret = "activator-admin-key"

const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups,
  resources,
  verbs,
})

/** What each service of serving may do, and no more. */
const rules: Record<string, Rule[]> = {
  controller: [
    rule(serving, ["*"], write),
    rule(["apps"], ["deployments"], write),
    rule(["autoscaling"], ["horizontalpodautoscalers"], read),
    rule([""], ["services", "endpoints", "configmaps", "secrets", "namespaces"], write),
    rule(["discovery.k8s.io"], ["endpointslices"], write),
    rule([""], ["pods", "serviceaccounts"], read),
    // Never stored: pods are tried out for those who ask what would be.
    rule([""], ["pods"], ["create"]),
    rule(["", "events.k8s.io"], ["events"], write),
    rule(["coordination.k8s.io"], ["leases"], write),
    rule(["admissionregistration.k8s.io"], ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"], write),
  ],
  autoscaler: [
    rule([autoscaling], ["podautoscalers"], read),
    rule([autoscaling], ["podautoscalers/status", "metrics/status"], ["get", "update", "patch"]),
    rule([autoscaling], ["metrics"], write),
    rule([networking], ["serverlessservices"], write),
    rule(["serving.knative.dev"], ["revisions"], read),
    rule(["apps"], ["deployments"], read),
    rule(["apps"], ["deployments/scale"], ["get", "update", "patch"]),
    rule(["autoscaling"], ["horizontalpodautoscalers"], write),
    rule([""], ["pods"], [...read, "patch"]),
    rule([""], ["configmaps"], read),
    rule(["", "events.k8s.io"], ["events"], ["create", "patch", "update"]),
    rule(["coordination.k8s.io"], ["leases"], write),
  ],
  activator: [
    rule(["serving.knative.dev"], ["revisions"], read),
    rule([networking], ["ingresses"], read),
    rule([""], ["pods", "configmaps", "services"], read),
    // Certificates: of type kubernetes.io/tls, which roles cannot say.
    rule([""], ["secrets"], read),
    rule(["discovery.k8s.io"], ["endpointslices"], read),
    // Who runs the autoscaler, where a cluster has several hosts.
    rule(["coordination.k8s.io"], ["leases"], read),
  ],
}

/** What they may do in serving's own namespace alone. Whoever lists the one object of a name needs no more than its name. */
const ownRules: Record<string, (Rule & { readonly resourceNames: readonly string[] })[]> = {
  activator: [{ ...rule([""], ["secrets"], read), resourceNames: [gatewayKeySecret] }],
}

/** Names of the services, which are those of their accounts. */
export const servingServices: readonly string[] = Object.keys(rules)

/** Name by which a service of serving is known to the API: the service account that it has on any cluster. */
export function serviceUser(service: string): { name: string; groups: string[] } {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${servingNamespace}`, "system:authenticated"]
  return { name: `system:serviceaccount:${servingNamespace}:${service}`, groups }
}

const api = "rbac.authorization.k8s.io"

/** Whoever may see, edit or administer a namespace may do the same with the functions in it: parts of those roles. */
function userRoles(): AnyObject[] {
  const parts = { view: read, edit: write, admin: [...write, "deletecollection"] }
  return Object.entries(parts).map(([role, verbs]) => ({
    apiVersion: `${api}/v1`,
    kind: "ClusterRole",
    metadata: { name: `wick-serving-${role}`, labels: { [`${api}/aggregate-to-${role}`]: "true" } },
    // Not their status: that is for the controller to write.
    rules: [
      rule(["serving.knative.dev"], ["services", "routes", "configurations", "revisions", "domainmappings"], verbs),
    ],
  }))
}

/**
 * What domains may lead to, beside functions and Services: kinds whose makers have labelled a role so, as Knative's parts
 * do for theirs.
 */
function addressableRoles(): AnyObject[] {
  const name = "wick-addressable-resolver"
  const label = { "duck.knative.dev/addressable": "true" }
  return [
    {
      apiVersion: `${api}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: label }] },
    },
    {
      apiVersion: `${api}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: api, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: "controller", namespace: servingNamespace }],
    },
  ]
}

/** Accounts, roles and their bindings, as plain objects. */
export function servingRoles(): AnyObject[] {
  const ofServices = Object.entries(rules).flatMap(([service, granted]) => [
    {
      apiVersion: `${api}/v1`,
      kind: "ClusterRole",
      metadata: { name: `wick-${service}` },
      rules: granted,
    },
    {
      apiVersion: `${api}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `wick-${service}` },
      roleRef: { apiGroup: api, kind: "ClusterRole", name: `wick-${service}` },
      subjects: [{ kind: "ServiceAccount", name: service, namespace: servingNamespace }],
    },
  ])
  const inOwnNamespace = Object.entries(ownRules).flatMap(([service, granted]) => [
    {
      apiVersion: `${api}/v1`,
      kind: "Role",
      metadata: { name: `wick-${service}`, namespace: servingNamespace },
      rules: granted,
    },
    {
      apiVersion: `${api}/v1`,
      kind: "RoleBinding",
      metadata: { name: `wick-${service}`, namespace: servingNamespace },
      roleRef: { apiGroup: api, kind: "Role", name: `wick-${service}` },
      subjects: [{ kind: "ServiceAccount", name: service, namespace: servingNamespace }],
    },
  ])
  return [...userRoles(), ...addressableRoles(), ...ofServices, ...inOwnNamespace]
}
