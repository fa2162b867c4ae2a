import { isDeepStrictEqual } from "node:util"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"

const userPrefix = "system:node:"
const nodesGroup = "system:nodes"
const leaseNamespace = "kube-node-lease"
const mirrorAnnotation = "kubernetes.io/config.mirror"

/**
 * A node writes of itself and of the pods that are bound to it, and of nothing else, so that whoever takes over one node
 * has not taken over the others. What nodes may do at all is RBAC's; this says to which objects.
 */
export function createNodeRestriction(): AdmissionStep {
  return {
    name: "NodeRestriction",
    validate: (attributes) => {
      const node = nodeOf(attributes)
      const rule = node === undefined ? undefined : rules[qualified(attributes)]
      const refused = node === undefined ? undefined : rule?.(attributes, node)
      if (refused !== undefined) throw refusal(attributes, refused)
    },
  }
}

function nodeOf({ user }: AdmissionAttributes): string | undefined {
  const isNode = user.name.startsWith(userPrefix) && user.groups.includes(nodesGroup)
  return isNode ? user.name.slice(userPrefix.length) : undefined
}

/** What is wrong with a node's write, by resource; undefined is nothing. */
const rules: Readonly<Record<string, (attributes: AdmissionAttributes, node: string) => string | undefined>> = {
  nodes: ({ name }, node) => (name === node ? undefined : `node "${node}" is not allowed to modify node "${name}"`),
  "leases.coordination.k8s.io": ({ namespace, name }, node) =>
    namespace === leaseNamespace && name === node
      ? undefined
      : `can only access node lease with the same name as the requesting node, in the namespace "${leaseNamespace}"`,
  "csinodes.storage.k8s.io": ({ name }, node) =>
    name === node ? undefined : "can only access CSINode with the same name as the requesting node",
  pods: podRule,
  persistentvolumeclaims: claimRule,
}

/** What of a claim's status a node knows better: how much there is now, and what of growing is over. */
const grown = ["capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"]

function claimRule({ object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  if (isDeepStrictEqual(withoutGrowth(object), withoutGrowth(oldObject))) return undefined
  return `node "${node}" is not allowed to update fields other than status.quantity and status.conditions`
}

function withoutGrowth(claim: AnyObject | undefined): unknown {
  const { metadata, status, ...more } = (claim ?? {}) as { metadata?: object; status?: object }
  const kept = Object.entries(status ?? {}).filter(([key]) => !grown.includes(key))
  return {
    ...more,
    metadata: { ...metadata, managedFields: undefined, resourceVersion: undefined },
    status: Object.fromEntries(kept),
  }
}

function podRule({ operation, subresource, object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  if (operation === "CREATE" && subresource === "") {
    const mirrors = object?.metadata.annotations?.[mirrorAnnotation] !== undefined
    if (!mirrors)
      return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`
    return boundTo(object) === node ? undefined : `node "${node}" can only create pods with spec.nodeName set to itself`
  }
  const pod = oldObject ?? object
  // An eviction holds no pod: whether it is the node's own is seen when the pod is deleted.
  if (subresource === "eviction" || pod?.kind !== "Pod") return undefined
  const verb = operation === "DELETE" ? "delete pods" : "update pod status for pods"
  return boundTo(pod) === node ? undefined : `node "${node}" can only ${verb} with spec.nodeName set to itself`
}

function boundTo(pod: AnyObject | undefined): string | undefined {
  return (pod?.spec as { nodeName?: string } | undefined)?.nodeName
}

function qualified({ group, resource }: AdmissionAttributes): string {
  return group === "" ? resource : `${resource}.${group}`
}

function refusal(attributes: AdmissionAttributes, why: string): StatusError {
  const { name, group, resource } = attributes
  const message = `${qualified(attributes)} "${name}" is forbidden: ${why}`
  return new StatusError("Forbidden", message, { name, kind: resource, ...(group !== "" && { group }) })
}
