import type { AnyObject } from "@wick/sdk/api/kind"
import { authenticatedGroup, type UserInfo } from "../authentication/user.ts"
import { extensionAuthenticationName } from "./cluster-objects.ts"
import {
  clusterRole,
  clusterRoleBinding,
  group,
  namespacedRole,
  paths,
  read,
  roleBinding,
  rule,
  user,
  write,
} from "./role.ts"

const nodesGroup = "system:nodes"

/** Who the parts of core are to the API. None of them is a master: each may do what its work needs. */
export const identities = {
  scheduler: component("system:kube-scheduler"),
  controllers: component("system:kube-controller-manager"),
  /** Service rules and cluster DNS. */
  network: component("system:kube-proxy"),
  /** Directories of nodes as volumes. */
  storage: component("system:local-path-provisioner"),
  /** Attaches volumes for drivers that have no attacher of their own. */
  attacher: component("system:csi-attacher"),
  node: (name: string): UserInfo => ({ name: `system:node:${name}`, groups: [nodesGroup, authenticatedGroup] }),
}

function component(name: string): UserInfo {
  return { name, groups: [authenticatedGroup] }
}

/** Signers of the cluster's own authority. */
const signers = ["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving"].map(
  (name) => `kubernetes.io/${name}`,
)
const certificates = "certificates.k8s.io"
/** Whoever may `create` one of these parts gets a client certificate for a node without being asked: its own, or any. */
const nodeClients = ["selfnodeclient", "nodeclient"].map((part) => `certificatesigningrequests/${part}`)

const events = [
  rule(["create", "update", "patch"], "", "events"),
  rule(["create", "update", "patch"], "events.k8s.io", "events"),
]
const leases = rule(["create", "get", "list", "watch", "update", "patch"], "coordination.k8s.io", "leases")

export function componentRoles(): AnyObject[] {
  return [
    clusterRole("system:kube-scheduler", schedulerRules()),
    clusterRole("system:kube-controller-manager", controllerRules()),
    clusterRole("system:node", nodeRules()),
    ...nodeClients.map((part) =>
      clusterRole(`system:certificates.k8s.io:${part.replace("/", ":")}`, [rule(["create"], certificates, part)]),
    ),
    clusterRole("system:control-plane-joiner", [paths(["post"], "/cluster/members")]),
    clusterRole("system:local-path-provisioner", [
      rule([...read, "patch"], "", "persistentvolumes"),
      rule(["create"], "storage.k8s.io", "storageclasses"),
    ]),
    clusterRole("system:csi-attacher", [
      rule([...read, "patch"], "storage.k8s.io", "volumeattachments"),
      rule(["patch"], "storage.k8s.io", "volumeattachments/status"),
      rule(["get", "list"], "storage.k8s.io", "csidrivers", "csinodes"),
      rule(["get"], "", "persistentvolumes", "secrets"),
    ]),
    clusterRole("system:node-proxier", [
      rule(read, "", "services", "endpoints", "nodes", "namespaces", "pods"),
      rule(read, "discovery.k8s.io", "endpointslices"),
      ...events,
    ]),
  ]
}

export function componentBindings(): AnyObject[] {
  return [
    clusterRoleBinding("system:kube-scheduler", user(identities.scheduler.name)),
    clusterRoleBinding("system:kube-controller-manager", user(identities.controllers.name)),
    clusterRoleBinding("system:node", group(nodesGroup)),
    clusterRoleBinding("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", group(nodesGroup)),
    clusterRoleBinding("system:control-plane-joiner", group("system:bootstrappers:control-plane")),
    clusterRoleBinding("system:node-proxier", user(identities.network.name)),
    clusterRoleBinding("system:local-path-provisioner", user(identities.storage.name)),
    clusterRoleBinding("system:csi-attacher", user(identities.attacher.name)),
  ]
}

/** Extension servers are bound to this one by whoever installs them. */
const authenticationReader = `${extensionAuthenticationName}-reader`

export function namespacedRoles(): AnyObject[] {
  const reading = { ...rule(read, "", "configmaps"), resourceNames: [extensionAuthenticationName] }
  return [
    namespacedRole("kube-system", authenticationReader, [reading]),
    roleBinding(
      "kube-system",
      `system::${authenticationReader}`,
      authenticationReader,
      user(identities.controllers.name),
      user(identities.scheduler.name),
    ),
  ]
}

function schedulerRules(): ReturnType<typeof rule>[] {
  return [
    rule(read, "", "nodes", "namespaces", "pods", "services", "persistentvolumeclaims", "persistentvolumes"),
    rule(read, "apps", "replicasets", "statefulsets"),
    rule(read, "storage.k8s.io", "storageclasses", "csinodes"),
    rule(["delete"], "", "pods"),
    rule(["create"], "", "pods/binding", "bindings"),
    rule(["patch", "update"], "", "pods/status"),
    leases,
    ...events,
  ]
}

/**
 * Deployment, ReplicaSet, EndpointSlice, namespace, node lifecycle, service account and garbage collection. The last two
 * of these remove objects of any kind, custom ones too, so reading and deleting are as wide as the API; only they are.
 */
function controllerRules(): ReturnType<typeof rule>[] {
  return [
    rule([...read, "delete", "deletecollection", "patch", "update"], "*", "*"),
    rule(["create"], "", "pods", "endpoints", "serviceaccounts", "configmaps", "serviceaccounts/token"),
    rule(["create"], "", "persistentvolumes", "persistentvolumeclaims"),
    rule(["create"], "apps", "replicasets", "controllerrevisions"),
    rule(["create"], "discovery.k8s.io", "endpointslices"),
    rule(["create"], "storage.k8s.io", "volumeattachments"),
    // What an aggregated role gathers may be more than the controller has itself.
    rule(["escalate"], "rbac.authorization.k8s.io", "clusterroles"),
    rule(["create"], "authentication.k8s.io", "tokenreviews"),
    rule(["create"], "authorization.k8s.io", "subjectaccessreviews"),
    { ...rule(["approve", "sign"], certificates, "signers"), resourceNames: signers },
    leases,
    ...events,
  ]
}

/** The most that a node may do; of secrets, claims, accounts, leases and nodes only what concerns it (`authorization/node`). */
function nodeRules(): ReturnType<typeof rule>[] {
  return [
    rule(["create", ...read, "update", "patch"], "", "nodes"),
    rule(["update", "patch"], "", "nodes/status"),
    rule([...read, "create", "delete"], "", "pods"),
    rule(["update", "patch"], "", "pods/status"),
    rule(["create"], "", "pods/eviction"),
    rule(read, "", "services", "namespaces", "configmaps", "secrets", "serviceaccounts"),
    rule(["create"], "", "serviceaccounts/token"),
    rule(read, "", "persistentvolumeclaims", "persistentvolumes"),
    rule(["get", "update", "patch"], "", "persistentvolumeclaims/status"),
    rule(["create"], "authentication.k8s.io", "tokenreviews"),
    rule(["create"], "authorization.k8s.io", "subjectaccessreviews", "localsubjectaccessreviews"),
    rule(["create", ...read], certificates, "certificatesigningrequests"),
    rule([...read, ...write], "coordination.k8s.io", "leases"),
    rule(["create", "get", "update", "patch", "delete"], "storage.k8s.io", "csinodes"),
    rule(read, "storage.k8s.io", "csidrivers"),
    rule(read, "node.k8s.io", "runtimeclasses"),
    rule(["get"], "storage.k8s.io", "volumeattachments"),
    ...events,
  ]
}
