import { describe, expect, it } from "vitest"
import { createRuntimeClassAdmission } from "./runtime-class.ts"
import { admitted, attributes, storageWith } from "./testing.ts"

const gpu = { key: "gpu", operator: "Exists" }
const classes = {
  "node.k8s.io/runtimeclasses/vm": {
    handler: "kata",
    overhead: { podFixed: { memory: "120Mi", cpu: "250m" } },
    scheduling: { nodeSelector: { vm: "yes" }, tolerations: [gpu] },
  },
  "node.k8s.io/runtimeclasses/plain": { handler: "runc" },
}

async function specOf(spec: object): Promise<unknown> {
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "cart" }, spec }
  const step = createRuntimeClassAdmission(await storageWith(classes))
  return (await admitted(step, attributes({ object }))).spec
}

describe("a new pod of a runtime class", () => {
  it("costs what the class says, and runs where the class can", async () => {
    expect(await specOf({ runtimeClassName: "vm", nodeSelector: { zone: "a" }, tolerations: [gpu] })).toEqual({
      runtimeClassName: "vm",
      overhead: { memory: "120Mi", cpu: "250m" },
      nodeSelector: { zone: "a", vm: "yes" },
      tolerations: [gpu],
    })
  })

  it("may say the same overhead itself, in other words", async () => {
    const overhead = { cpu: "0.25", memory: "122880Ki" }
    expect(await specOf({ runtimeClassName: "vm", overhead })).toMatchObject({ overhead: { cpu: "250m" } })
  })

  it.each([
    ["no class", { runtimeClassName: "none" }, 'RuntimeClass "none" not found'],
    [
      "another overhead",
      { runtimeClassName: "vm", overhead: { cpu: "1" } },
      "Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      "an overhead where the class has none",
      { runtimeClassName: "plain", overhead: { cpu: "1" } },
      "Pod Overhead set without corresponding RuntimeClass defined Overhead",
    ],
    ["an overhead without a class", { overhead: { cpu: "1" } }, "Pod Overhead set without corresponding"],
    [
      "nodes where the class cannot run",
      { runtimeClassName: "vm", nodeSelector: { vm: "no" } },
      "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no",
    ],
  ])("is refused with %s", async (_, spec, why) => {
    const message = expect.stringContaining(`pods "cart" is forbidden: pod rejected: ${why}`)
    await expect(specOf(spec)).rejects.toMatchObject({ reason: "Forbidden", message })
  })

  it("is left alone without one", async () => {
    expect(await specOf({ nodeName: "one" })).toEqual({ nodeName: "one" })
  })
})
