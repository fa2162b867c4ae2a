import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import { type PodParts, pod, replicaSet } from "../testing/objects.ts"
import { decide, decideStatus, isPassing, type Observation } from "./decide.ts"
import { deletionOrder } from "./deletion-order.ts"

const ready = { node: "one", readySince: "2026-01-01T00:00:10Z" }
const going = { metadata: { deletionTimestamp: "2026-01-01T00:01:00Z" } }
const observe = (replicas: number, pods: Pod[], more: Partial<Observation> = {}): Observation => ({
  set: replicaSet("web", replicas),
  pods,
  unseen: 0,
  leaving: new Set(),
  ...more,
})

describe("a replica set", () => {
  it.each<{ name: string; observation: Observation; create: number; remove: string[] }>([
    { name: "makes the pods that are missing", observation: observe(3, [pod("a", ready)]), create: 2, remove: [] },
    { name: "leaves well alone", observation: observe(1, [pod("a", ready)]), create: 0, remove: [] },
    {
      name: "does not count pods that have ended or are leaving",
      observation: observe(2, [
        pod("a", ready),
        pod("b", { ...ready, phase: "Failed" }),
        pod("c", { ...ready, ...going }),
      ]),
      create: 1,
      remove: [],
    },
    {
      name: "counts pods that it made and that the cache does not show yet",
      observation: observe(3, [pod("a", ready)], { unseen: 2 }),
      create: 0,
      remove: [],
    },
    {
      name: "does not remove another pod while one that it asked to go is still shown",
      observation: observe(1, [pod("a", ready), pod("b", ready)], { leaving: new Set(["uid-b"]) }),
      create: 0,
      remove: [],
    },
    {
      name: "removes what is too much, pods that serve nobody first",
      observation: observe(1, [pod("a", ready), pod("b", { node: "one" }), pod("c")]),
      create: 0,
      remove: ["c", "b"],
    },
  ])("$name", ({ observation, create, remove }) => {
    const plan = decide(observation)
    expect({ create: plan.create, remove: plan.remove.map(({ metadata }) => metadata.name) }).toEqual({
      create,
      remove,
    })
  })

  it("makes none while it is being deleted", () => {
    const set = replicaSet("web", 3, { metadata: { deletionTimestamp: "2026-01-01T00:01:00Z" } })
    expect(decide(observe(3, [], { set }))).toEqual({ create: 0, remove: [] })
  })
})

describe("of two pods, the first to go", () => {
  const cost = (value: string): PodParts => ({
    ...ready,
    metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": value } },
  })
  it.each<{ name: string; goes: PodParts; stays: PodParts }>([
    { name: "has no node", goes: {}, stays: { node: "one" } },
    { name: "has not started", goes: { node: "one", phase: "Pending" }, stays: { node: "one" } },
    { name: "is not ready", goes: { node: "one" }, stays: ready },
    { name: "is declared cheaper", goes: cost("-1"), stays: ready },
    {
      name: "costs less also when it has served longer",
      goes: cost("1"),
      stays: { ...cost("2"), readySince: "2026-02-01T00:00:00Z" },
    },
    { name: "became ready later", goes: { ...ready, readySince: "2026-01-01T00:00:20Z" }, stays: ready },
    { name: "has restarted more often", goes: { ...ready, restarts: 3 }, stays: ready },
    { name: "is younger", goes: { ...ready, metadata: { creationTimestamp: "2026-01-01T00:00:05Z" } }, stays: ready },
  ])("$name", ({ goes, stays }) => {
    const order = deletionOrder([pod("stays", stays), pod("goes", goes)]).map(({ metadata }) => metadata.name)
    expect(order).toEqual(["goes", "stays"])
  })

  it("is on the more crowded node", () => {
    const pods = [pod("a", ready), pod("b", { ...ready, node: "two" }), pod("c", ready)]
    expect(deletionOrder(pods)[0]?.spec.nodeName).toBe("one")
  })
})

describe("the status of a replica set", () => {
  const nowMs = Date.parse("2026-01-01T00:00:15Z")

  it("counts a ready pod as available only after minReadySeconds, and says when to look again", () => {
    const set = replicaSet("web", 2, { spec: { minReadySeconds: 10 } })
    const pods = [pod("a", ready), pod("b", { node: "one", readySince: "2026-01-01T00:00:01Z" })]
    const { status, wakeAfterMs } = decideStatus(observe(2, pods, { set }), undefined, nowMs)
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 1 })
    expect(wakeAfterMs).toBe(5_000)
  })

  it.each<{ name: string; waits: boolean; before: object; pods: Pod[] }>([
    { name: "may wait where a pod was made", waits: true, before: { replicas: 0 }, pods: [pod("a")] },
    {
      name: "may wait where one more was made",
      waits: true,
      before: { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
      pods: [pod("a", ready), pod("b")],
    },
    { name: "is told where a pod is ready", waits: false, before: { replicas: 1 }, pods: [pod("a", ready)] },
    {
      name: "is told where one is ready and another is coming",
      waits: false,
      before: { replicas: 1 },
      pods: [pod("a", ready), pod("b")],
    },
    {
      name: "is told where one is not ready any more",
      waits: false,
      before: { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
      pods: [pod("a"), pod("b")],
    },
    { name: "is told where one has gone", waits: false, before: { replicas: 2 }, pods: [pod("a")] },
    { name: "is told where one is going", waits: false, before: { replicas: 0 }, pods: [pod("a"), pod("b", going)] },
    {
      name: "is told where none could be made before",
      waits: false,
      before: { conditions: [{ type: "ReplicaFailure", status: "True" }] },
      pods: [pod("a")],
    },
  ])("$name", ({ waits, before, pods }) => {
    const set = replicaSet("web", 2, { status: before })
    expect(isPassing(set, decideStatus(observe(2, pods, { set }), undefined, nowMs).status)).toBe(waits)
  })

  it.each<{ name: string; waits: boolean; wanted: string; pods: Pod[] }>([
    {
      name: "may wait where all of its Deployment's pods are going",
      waits: true,
      wanted: "0",
      pods: [pod("a", going)],
    },
    { name: "is told where they are gone", waits: false, wanted: "0", pods: [] },
    { name: "is told where others come in their place", waits: false, wanted: "1", pods: [pod("a", going)] },
  ])("$name", ({ waits, wanted, pods }) => {
    const annotations = { "deployment.kubernetes.io/desired-replicas": wanted }
    const before = { replicas: 1, readyReplicas: 1, availableReplicas: 1 }
    const set = replicaSet("web", 0, { metadata: { annotations }, status: before })
    expect(isPassing(set, decideStatus(observe(0, pods, { set }), undefined, nowMs).status)).toBe(waits)
  })

  it("says why pods cannot be made, and takes it back when they can", () => {
    const refused = decideStatus(observe(1, []), { reason: "FailedCreate", message: "exceeded quota" }, nowMs)
    expect(refused.status.conditions).toMatchObject([
      { type: "ReplicaFailure", status: "True", reason: "FailedCreate" },
    ])
    const set = replicaSet("web", 1, { status: { conditions: refused.status.conditions } })
    expect(decideStatus(observe(1, [], { set }), undefined, nowMs).status.conditions).toBeUndefined()
  })

  it("says it once, however often it tries: each attempt names a pod of its own", () => {
    const failed = (pod: string) => ({
      reason: "FailedCreate" as const,
      message: `pods "${pod}" is forbidden: exceeded quota`,
    })
    const { conditions } = decideStatus(observe(1, []), failed("web-a"), nowMs).status
    const set = replicaSet("web", 1, { status: { conditions } })
    expect(decideStatus(observe(1, [], { set }), failed("web-b"), nowMs + 1_000).status.conditions).toEqual(conditions)
  })
})
