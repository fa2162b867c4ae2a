import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import type { ResourceAction } from "../rule.ts"
import { nodeOfUser, notOfNode } from "./node-rule.ts"
import { podReferences } from "./pod-references.ts"

const pod = {
  metadata: { name: "web", namespace: "shop" },
  spec: {
    nodeName: "one",
    serviceAccountName: "robot",
    imagePullSecrets: [{ name: "pull" }],
    initContainers: [{ name: "i", image: "x", envFrom: [{ configMapRef: { name: "init" } }] }],
    containers: [
      {
        name: "c",
        image: "x",
        env: [
          { name: "A", valueFrom: { secretKeyRef: { name: "db", key: "a" } } },
          { name: "B", value: "b" },
        ],
      },
    ],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: "disk" } },
      { name: "scratch", ephemeral: {} },
      {
        name: "all",
        projected: { sources: [{ secret: { name: "tls" } }, { configMap: { name: "kube-root-ca.crt" } }] },
      },
      { name: "driver", csi: { driver: "x", nodePublishSecretRef: { name: "publish" } } },
    ],
  },
} as unknown as Pod

const action: ResourceAction = {
  kind: "resource",
  verb: "get",
  group: "",
  resource: "secrets",
  subresource: "",
  namespace: "shop",
  name: "db",
}
const { nodeName, objects } = podReferences(pod)
const graph = {
  leads: (node: string, plural: string, namespace: string, name: string) =>
    node === nodeName && namespace === "shop" && objects.has(`${plural}/${name}`),
}
const refused = (node: string, change: Partial<ResourceAction>): string | undefined =>
  notOfNode(node, { ...action, ...change }, graph)

describe("what a pod names", () => {
  it("is found in its containers, its volumes, its account and its pull secrets", () => {
    expect([...objects].sort()).toEqual([
      "configmaps/init",
      "configmaps/kube-root-ca.crt",
      "persistentvolumeclaims/disk",
      "persistentvolumeclaims/web-scratch",
      "secrets/db",
      "secrets/publish",
      "secrets/pull",
      "secrets/tls",
      "serviceaccounts/robot",
    ])
  })
})

it("a pod that was stored without its parts names nothing", () => {
  expect(podReferences({ metadata: { name: "x" } } as unknown as Pod)).toEqual({ nodeName: "", objects: new Set() })
})

describe("a node", () => {
  it("is a user of the name and the group of nodes", () => {
    expect(nodeOfUser({ name: "system:node:one", groups: ["system:nodes"] })).toBe("one")
    expect(nodeOfUser({ name: "system:node:one", groups: [] })).toBeUndefined()
  })

  it("may what leads from its pods, and neither lists nor guesses", () => {
    expect(refused("one", {})).toBeUndefined()
    expect(refused("two", {})).toBe("no relationship found between node 'two' and this object")
    expect(refused("one", { namespace: "other" })).toContain("no relationship")
    expect(refused("one", { name: "other" })).toContain("no relationship")
    expect(refused("one", { verb: "list", name: "" })).toContain("No Object name found")
  })

  it("may have tokens of the accounts that its pods run as", () => {
    const token = { resource: "serviceaccounts", subresource: "token", verb: "create" }
    expect(refused("one", { ...token, name: "robot" })).toBeUndefined()
    expect(refused("one", { ...token, name: "admin" })).toContain("no relationship")
  })

  it("writes its own object, lease and drivers, and no other's", () => {
    const lease = { group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", verb: "update" }
    expect(refused("one", { ...lease, name: "one" })).toBeUndefined()
    expect(refused("one", { ...lease, name: "two" })).toContain("of its own name")
    expect(refused("one", { ...lease, name: "one", namespace: "kube-system" })).toContain("kube-node-lease")
    const drivers = { group: "storage.k8s.io", resource: "csinodes", namespace: "", verb: "patch" }
    expect(refused("one", { ...drivers, name: "two" })).toContain("csinodes")
    expect(refused("one", { resource: "nodes", subresource: "status", verb: "patch", name: "two" })).toContain("nodes")
    expect(refused("one", { resource: "nodes", verb: "list", name: "" })).toBeUndefined()
  })
})
