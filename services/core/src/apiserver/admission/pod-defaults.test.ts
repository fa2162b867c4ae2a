import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { systemPriorityClasses } from "../bootstrap/cluster-objects.ts"
import { createPodDefaults } from "./pod-defaults.ts"

async function admit(spec: Record<string, unknown>, ...classes: object[]): Promise<Record<string, unknown>> {
  const storage = createMemoryStorage({ clock: new SimulatedClock() })
  for (const [at, each] of [...systemPriorityClasses(), ...classes].entries()) {
    const { name = `c${at - 2}` } = (each as AnyObject).metadata ?? {}
    const put = { kind: "put", key: `/registry/scheduling.k8s.io/priorityclasses/${name}` } as const
    await storage.txn({ compare: [], success: [{ ...put, value: Buffer.from(JSON.stringify(each)) }], failure: [] })
  }
  const object: AnyObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec }
  const admitted = await createPodDefaults(storage).mutate?.({
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    resource: "pods",
    subresource: "",
    namespace: "default",
    name: "web",
    object,
    oldObject: undefined,
    user: { name: "jo", groups: [] },
    dryRun: false,
    warn: () => {},
  })
  await storage.close()
  return admitted?.spec as Record<string, unknown>
}

describe("a new pod", () => {
  it("is of ordinary importance, and waits five minutes for its node", async () => {
    expect(await admit({})).toEqual({
      priority: 0,
      preemptionPolicy: "PreemptLowerPriority",
      tolerations: ["not-ready", "unreachable"].map((state) => ({
        key: `node.kubernetes.io/${state}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
    })
  })

  it("may be one that the cluster cannot do without", async () => {
    expect(await admit({ priorityClassName: "system-node-critical" })).toMatchObject({ priority: 2_000_001_000 })
  })

  it("that names no class is of the least important default one", async () => {
    const high = { metadata: { name: "high" }, value: 9, globalDefault: true }
    const low = { metadata: { name: "low" }, value: 5, globalDefault: true, preemptionPolicy: "Never" }
    const other = { metadata: { name: "other" }, value: 1 }
    const expected = { priorityClassName: "low", priority: 5, preemptionPolicy: "Never" }
    expect(await admit({}, high, low, other)).toMatchObject(expected)
    expect(await admit({ priorityClassName: "high" }, high, low)).toMatchObject({
      priorityClassName: "high",
      priority: 9,
    })
  })

  it("keeps its own patience", async () => {
    const own = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }
    expect((await admit({ tolerations: [own] })).tolerations).toHaveLength(2)
    expect((await admit({ tolerations: [{ operator: "Exists" }] })).tolerations).toHaveLength(1)
  })

  it("is refused with a class that is not there, or a number that is not its class's", async () => {
    await expect(admit({ priorityClassName: "royal" })).rejects.toThrow(
      'pods "web" is forbidden: no PriorityClass with name royal was found',
    )
    await expect(admit({ priority: 7 })).rejects.toThrow("the integer value of priority (7) must not be provided")
  })
})
