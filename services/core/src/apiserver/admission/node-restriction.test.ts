import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { createNodeRestriction } from "./node-restriction.ts"
import type { AdmissionAttributes } from "./step.ts"

const pod = (nodeName: string, annotations = {}): AnyObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", annotations },
  spec: { nodeName },
})

function check(changed: Partial<AdmissionAttributes>): void {
  void createNodeRestriction().validate?.({
    operation: "UPDATE",
    group: "",
    version: "v1",
    kind: "",
    resource: "pods",
    subresource: "",
    namespace: "",
    name: "one",
    object: undefined,
    oldObject: undefined,
    user: { name: "system:node:one", groups: ["system:nodes"] },
    dryRun: false,
    warn: () => {},
    ...changed,
  })
}

const claimOf = (status: object): AnyObject => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", resourceVersion: JSON.stringify(status) },
  status: { phase: "Bound", ...status },
})
const claim = {
  resource: "persistentvolumeclaims",
  subresource: "status",
  name: "data",
  oldObject: claimOf({ capacity: { storage: "1Gi" }, conditions: [{ type: "Resizing", status: "True" }] }),
}
const mirror = { "kubernetes.io/config.mirror": "x" }
const lease = { group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease" }

describe("a node", () => {
  it.each<{ name: string; write: Partial<AdmissionAttributes> }>([
    { name: "itself", write: { resource: "nodes", subresource: "status" } },
    { name: "its lease", write: lease },
    { name: "the status of its pods", write: { subresource: "status", object: pod("one"), oldObject: pod("one") } },
    { name: "the end of its pods", write: { operation: "DELETE", oldObject: pod("one") } },
    { name: "a mirror of what it runs", write: { operation: "CREATE", object: pod("one", mirror) } },
    { name: "how much a claim has got", write: { ...claim, object: claimOf({ capacity: { storage: "2Gi" } }) } },
    { name: "events", write: { resource: "events", namespace: "default" } },
  ])("writes $name", ({ write }) => check(write))

  it.each<{ name: string; write: Partial<AdmissionAttributes>; says: string }>([
    {
      name: "what else there is of a claim",
      write: { ...claim, object: claimOf({ phase: "Lost" }) },
      says: 'persistentvolumeclaims "data" is forbidden: node "one" is not allowed to update fields other than status.quantity and status.conditions',
    },
    {
      name: "another node",
      write: { resource: "nodes", name: "two" },
      says: 'nodes "two" is forbidden: node "one" is not allowed to modify node "two"',
    },
    {
      name: "another's lease",
      write: { ...lease, name: "two" },
      says: "can only access node lease with the same name",
    },
    {
      name: "the status of another's pods",
      write: { subresource: "status", object: pod("one"), oldObject: pod("two") },
      says: "can only update pod status for pods with spec.nodeName set to itself",
    },
    {
      name: "the end of another's pods",
      write: { operation: "DELETE", oldObject: pod("two") },
      says: "can only delete pods",
    },
    {
      name: "a pod of its own making",
      write: { operation: "CREATE", object: pod("one") },
      says: "can only create mirror pods",
    },
  ])("does not write $name", ({ write, says }) => expect(() => check(write)).toThrow(says))

  it("is who is in the group of nodes: others are not held to this", () => {
    check({ resource: "nodes", name: "two", user: { name: "system:node:one", groups: [] } })
    check({ resource: "nodes", name: "two", user: { name: "jo", groups: ["system:nodes"] } })
  })
})
