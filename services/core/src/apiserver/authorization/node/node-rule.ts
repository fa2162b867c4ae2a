import type { Requester } from "../authorize.ts"
import type { Action, ResourceAction } from "../rule.ts"
import type { PodGraph } from "./pod-graph.ts"

const userPrefix = "system:node:"
const nodesGroup = "system:nodes"
const leaseNamespace = "kube-node-lease"

/** The role that all nodes have: what it grants is only for the objects that concern a node. */
export const nodeRole = "system:node"

/** The node that a user is, if it is one. */
export function nodeOfUser({ name, groups }: Requester): string | undefined {
  return name.startsWith(userPrefix) && groups.includes(nodesGroup) ? name.slice(userPrefix.length) : undefined
}

/**
 * Why an action is none of a node's business, by what is bound to it; undefined if it is, or if it is not for this rule
 * to say. Whoever takes over a node has then the secrets of its pods, and no others.
 */
export function notOfNode(node: string, action: Action, graph: Pick<PodGraph, "leads">): string | undefined {
  if (action.kind === "path") return undefined
  const { group, resource } = action
  return rules[group === "" ? resource : `${resource}.${group}`]?.(node, action, graph)
}

type Rule = (node: string, action: ResourceAction, graph: Pick<PodGraph, "leads">) => string | undefined

const ofItsPods: Rule = (node, { resource, namespace, name }, graph) => {
  if (name === "") return `node "${node}" can only read ${resource} by name: No Object name found`
  if (graph.leads(node, resource, namespace, name)) return undefined
  return `no relationship found between node '${node}' and this object`
}

/** What has a node's name is that node's. A new one's name is looked at when it is made. */
const itsOwn: Rule = (node, { resource, verb, name }) =>
  verb === "create" || name === node ? undefined : `node "${node}" can only access the ${resource} of its own name`

const reads = ["get", "list", "watch"]

const rules: Readonly<Record<string, Rule>> = {
  secrets: ofItsPods,
  configmaps: ofItsPods,
  persistentvolumeclaims: ofItsPods,
  serviceaccounts: ofItsPods,
  "volumeattachments.storage.k8s.io": ofItsPods,
  nodes: (node, action, graph) => (reads.includes(action.verb) ? undefined : itsOwn(node, action, graph)),
  "csinodes.storage.k8s.io": itsOwn,
  "leases.coordination.k8s.io": (node, action, graph) =>
    action.namespace === leaseNamespace
      ? itsOwn(node, action, graph)
      : `node "${node}" can only access leases in the "${leaseNamespace}" system namespace`,
}
