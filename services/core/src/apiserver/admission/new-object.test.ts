import { describe, expect, it } from "vitest"
import { createNodeTaint } from "./node-taint.ts"
import { createPriorityProtection } from "./priority-protection.ts"
import type { AdmissionAttributes } from "./step.ts"
import { createStorageProtection } from "./storage-protection.ts"
import { admitted, attributes } from "./testing.ts"

const created = (resource: string, metadata: object = {}, spec: object = {}): AdmissionAttributes =>
  attributes({ resource, object: { apiVersion: "v1", kind: "Any", metadata: { name: "one", ...metadata }, spec } })

describe("a new claim or volume", () => {
  it.each([
    ["persistentvolumeclaims", "kubernetes.io/pvc-protection"],
    ["persistentvolumes", "kubernetes.io/pv-protection"],
  ])("of %s is held until nobody uses it", async (resource, finalizer) => {
    const step = createStorageProtection()
    const finalizersOf = async (metadata: object) => (await admitted(step, created(resource, metadata))).metadata
    expect(await finalizersOf({})).toMatchObject({ finalizers: [finalizer] })
    expect(await finalizersOf({ finalizers: ["own", finalizer] })).toMatchObject({ finalizers: ["own", finalizer] })
  })
})

describe("a new node", () => {
  it("gets no pods before it is ready", async () => {
    const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }
    const taintsOf = async (spec: object) => (await admitted(createNodeTaint(), created("nodes", {}, spec))).spec
    expect(await taintsOf({})).toEqual({ taints: [notReady] })
    expect(await taintsOf({ taints: [notReady] })).toEqual({ taints: [notReady] })
  })
})

describe("a priority class", () => {
  it("of the system cannot be deleted", async () => {
    const remove = (name: string) => {
      const what = { group: "scheduling.k8s.io", resource: "priorityclasses", name }
      return admitted(createPriorityProtection(), attributes({ ...what, operation: "DELETE" }))
    }
    const message = expect.stringContaining("this is a system priority class and cannot be deleted")
    await expect(remove("system-node-critical")).rejects.toMatchObject({ reason: "Forbidden", message })
    await remove("mine")
  })
})
