import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { describe, expect, it } from "vitest"
import { deployment, replicaSet, template } from "../testing/objects.ts"
import { decide, type Plan } from "./decide.ts"

const nowMs = Date.parse("2026-01-01T01:00:00Z")
const old = { spec: { template: template("web:0") } }
const annotated = (desired: number, most: number, revision = "1") => ({
  annotations: {
    "deployment.kubernetes.io/desired-replicas": String(desired),
    "deployment.kubernetes.io/max-replicas": String(most),
    "deployment.kubernetes.io/revision": revision,
  },
})
const has = (availableReplicas: number) => ({ status: { replicas: availableReplicas, availableReplicas } })
const rolling = (maxSurge: number | string, maxUnavailable: number | string) => ({
  spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } },
})

function plan(wanted: Deployment, sets: ReplicaSet[], livePods = 0): Plan {
  return decide({ deployment: wanted, sets, livePods: () => livePods }, nowMs)
}
function sizes({ change }: Plan): Record<string, number> {
  return Object.fromEntries(
    change.flatMap(({ set, replicas }) => (replicas === undefined ? [] : [[set.metadata.name, replicas]])),
  )
}

describe("a deployment without sets", () => {
  it("makes one for its template at full size, named by the template's hash", () => {
    const { create, status } = plan(deployment(3), [])
    expect(create?.metadata.name).toMatch(/^web-[a-z0-9]{9}$/)
    const hash = create?.metadata.name.slice(4)
    expect(create).toMatchObject({
      metadata: { labels: { app: "web", "pod-template-hash": hash } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "web", "pod-template-hash": hash } },
        template: { metadata: { labels: { "pod-template-hash": hash } } },
      },
    })
    expect(create?.metadata.annotations).toMatchObject({ "deployment.kubernetes.io/revision": "1" })
    expect(status.conditions?.find(({ type }) => type === "Progressing")?.reason).toBe("NewReplicaSetCreated")
  })

  it("gives the same template the same name, and another one after a collision", () => {
    const name = (more: object = {}) => plan(deployment(1, more), []).create?.metadata.name
    expect(name()).toBe(name())
    expect(name({ status: { collisionCount: 1 } })).not.toBe(name())
    expect(name({ spec: { template: template("web:2") } })).not.toBe(name())
  })

  it("makes none while it is paused or being deleted", () => {
    expect(plan(deployment(3, { spec: { paused: true } }), []).create).toBeUndefined()
    const deleted = deployment(3, { metadata: { deletionTimestamp: "2026-01-01T00:30:00Z" } })
    expect(plan(deleted, []).create).toBeUndefined()
  })
})

describe("a rolling update", () => {
  it.each<{ name: string; deployment: Deployment; sets: ReplicaSet[]; sizes: Record<string, number> }>([
    {
      name: "first adds as many new pods as the surge allows",
      deployment: deployment(10),
      sets: [replicaSet("new", 0), replicaSet("old", 10, { ...old, ...has(10) })],
      sizes: { new: 3 },
    },
    {
      name: "then takes as many old pods away as availability allows",
      deployment: deployment(10),
      sets: [replicaSet("new", 3, has(0)), replicaSet("old", 10, { ...old, ...has(10) })],
      sizes: { old: 8 },
    },
    {
      name: "goes on when new pods have become available",
      deployment: deployment(10),
      sets: [replicaSet("new", 5, has(3)), replicaSet("old", 8, { ...old, ...has(8) })],
      sizes: { old: 5 },
    },
    {
      name: "takes old pods that do not serve away first, whatever their set",
      deployment: deployment(4, rolling(1, 0)),
      sets: [
        replicaSet("new", 1, has(0)),
        replicaSet("bad", 2, { ...old, ...has(0) }),
        replicaSet("old", 4, { ...old, ...has(4) }),
      ],
      sizes: { bad: 0 },
    },
    {
      name: "never goes below its minimum: an available old pod leaves only for an available new one",
      deployment: deployment(1, rolling(1, 0)),
      sets: [replicaSet("new", 1, has(0)), replicaSet("old", 1, { ...old, ...has(1) })],
      sizes: {},
    },
    {
      name: "moves also when neither surge nor unavailability is allowed, by one pod",
      deployment: deployment(2, rolling("0%", "0%")),
      sets: [replicaSet("new", 0), replicaSet("old", 2, { ...old, ...has(2) })],
      sizes: { old: 1 },
    },
    {
      name: "ends with the old set empty",
      deployment: deployment(2),
      sets: [replicaSet("new", 2, has(2)), replicaSet("old", 1, { ...old, ...has(1) })],
      sizes: { old: 0 },
    },
  ])("$name", ({ deployment: wanted, sets, sizes: expected }) => {
    expect(sizes(plan(wanted, sets))).toEqual(expected)
  })
})

describe("scaling", () => {
  it.each<{ name: string; deployment: Deployment; sets: ReplicaSet[]; sizes: Record<string, number> }>([
    {
      name: "changes the only set",
      deployment: deployment(5),
      sets: [replicaSet("new", 3, { metadata: annotated(3, 4), ...has(3) })],
      sizes: { new: 5 },
    },
    {
      name: "goes to zero and back",
      deployment: deployment(1),
      sets: [replicaSet("new", 0, { metadata: annotated(0, 0) })],
      sizes: { new: 1 },
    },
    {
      name: "in the middle of a rollout keeps the proportions",
      deployment: deployment(20, rolling("0%", "50%")),
      sets: [
        replicaSet("new", 4, { metadata: annotated(10, 10), ...has(4) }),
        replicaSet("old", 6, { metadata: annotated(10, 10), ...old, ...has(6) }),
      ],
      sizes: { new: 8, old: 12 },
    },
    {
      name: "to zero empties every set",
      deployment: deployment(0),
      sets: [
        replicaSet("new", 2, { metadata: annotated(5, 7), ...has(2) }),
        replicaSet("old", 4, { metadata: annotated(5, 7), ...old, ...has(4) }),
      ],
      sizes: { new: 0, old: 0 },
    },
    {
      name: "works while paused",
      deployment: deployment(4, { spec: { paused: true } }),
      sets: [replicaSet("new", 2, { metadata: annotated(2, 3), ...has(2) })],
      sizes: { new: 4 },
    },
  ])("$name", ({ deployment: wanted, sets, sizes: expected }) => {
    expect(sizes(plan(wanted, sets))).toEqual(expected)
  })
})

describe("recreating", () => {
  const recreate = deployment(2, { spec: { strategy: { type: "Recreate" } } })
  const before = replicaSet("old", 2, { ...old, ...has(2) })

  it("empties the old set first, makes nothing while a pod of it lives, and then all at once", () => {
    const first = plan(recreate, [before], 2)
    expect({ sizes: sizes(first), create: first.create }).toEqual({ sizes: { old: 0 }, create: undefined })
    const emptied = replicaSet("old", 0, old)
    expect(plan(recreate, [emptied], 1).create).toBeUndefined()
    expect(plan(recreate, [emptied], 0).create?.spec.replicas).toBe(2)
  })
})

describe("the revision", () => {
  it("is one more than the highest before, and the set that is reused gets a new one and remembers the old", () => {
    const reused = replicaSet("back", 0, { metadata: annotated(1, 2, "1") })
    const newer = replicaSet("new", 1, { metadata: annotated(1, 2, "2"), ...old, ...has(1) })
    const { change, revision } = plan(deployment(1), [reused, newer])
    expect(revision).toBe("3")
    expect(change.find(({ set }) => set === reused)?.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    })
  })

  it("history is kept up to its limit, oldest out first, and only when nothing rolls", () => {
    const sets = [1, 2, 3].map((revision) =>
      replicaSet(`old-${revision}`, 0, {
        metadata: annotated(1, 2, String(revision)),
        spec: { template: template(`web:0.${revision}`) },
        status: { replicas: 0, observedGeneration: 1 },
      }),
    )
    const current = replicaSet("new", 1, { metadata: annotated(1, 2, "4"), ...has(1) })
    const spec = { revisionHistoryLimit: 1 }
    const finished = deployment(1, { spec, status: { replicas: 1, updatedReplicas: 1 } })
    const removed = plan(finished, [...sets, current]).remove.map(({ metadata }) => metadata.name)
    expect(removed).toEqual(["old-1", "old-2"])
    expect(plan(deployment(1, { spec }), [...sets, current]).remove).toEqual([])
  })
})

describe("the conditions", () => {
  const condition = (made: Plan, type: string) => made.status.conditions?.find((one) => one.type === type)
  const progressing = (reason: string, at: string) => ({
    conditions: [
      { type: "Progressing", status: "True", reason, message: "", lastUpdateTime: at, lastTransitionTime: at },
    ],
  })

  it("say that it is available and done", () => {
    const made = plan(deployment(2), [replicaSet("new", 2, has(2))])
    expect(condition(made, "Available")).toMatchObject({ status: "True", reason: "MinimumReplicasAvailable" })
    expect(condition(made, "Progressing")).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" })
  })

  it("say that it is late when nothing has moved for progressDeadlineSeconds, and when that will be", () => {
    const spec = { progressDeadlineSeconds: 60 }
    const stuck = (at: string) =>
      deployment(2, { spec, status: { replicas: 2, ...progressing("ReplicaSetUpdated", at) } })
    const waiting = plan(stuck("2026-01-01T00:59:30Z"), [replicaSet("new", 2, { status: { replicas: 2 } })])
    expect(condition(waiting, "Progressing")?.status).toBe("True")
    const again = { ...stuck("2026-01-01T00:59:30Z"), status: waiting.status } as Deployment
    const late = decide(
      { deployment: again, sets: [replicaSet("new", 2, { status: { replicas: 2 } })], livePods: () => 0 },
      nowMs + 61_000,
    )
    expect(condition(late, "Progressing")).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" })
  })

  it("tell of a set that may make no pods", () => {
    const failure = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "quota" }
    const made = plan(deployment(1), [replicaSet("new", 1, { status: { replicas: 0, conditions: [failure] } })])
    expect(condition(made, "ReplicaFailure")).toMatchObject({ reason: "FailedCreate", message: "quota" })
  })

  it("are a fixed point: the status that was written asks for no other", () => {
    const sets = [replicaSet("new", 2, { metadata: annotated(2, 3), ...has(2) })]
    const first = plan(deployment(2), sets)
    const second = plan(deployment(2, { metadata: annotated(2, 3), status: first.status }), sets)
    expect(second.status).toEqual(first.status)
    expect(second.change).toEqual([])
    expect(second.revision).toBeUndefined()
  })
})
