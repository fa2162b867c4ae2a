import { Node } from "@wick/sdk/api/core/node"
import { formatTime } from "@wick/sdk/api/meta/time"
import { describe, expect, it } from "vitest"
import { pod, stored } from "../testing/objects.ts"
import { decideNode, evictAtMs, graceMs, unreachableConditions } from "./decide.ts"

const nowMs = Date.parse("2026-01-01T01:00:00Z")
const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"

function node(ready: string | undefined, taints: object[] = []): Node {
  const conditions = ready === undefined ? undefined : [{ type: "Ready", status: ready }]
  return stored(Node, { name: "one", namespace: undefined }, { spec: { taints }, status: { conditions } })
}
const both = (key: string) => [
  { key, effect: "NoSchedule" },
  { key, effect: "NoExecute", timeAdded: formatTime(nowMs) },
]

describe("a node", () => {
  it.each<{ name: string; node: Node; silentMs: number; health: string; taints: object[] | undefined }>([
    {
      name: "that is heard of and ready is left alone",
      node: node("True"),
      silentMs: 0,
      health: "ready",
      taints: undefined,
    },
    {
      name: "that says it is not ready is tainted",
      node: node("False"),
      silentMs: 0,
      health: "failing",
      taints: both(notReady),
    },
    {
      name: "that is silent is lost",
      node: node("True"),
      silentMs: graceMs,
      health: "lost",
      taints: both(unreachable),
    },
    {
      name: "that is tainted as it should be is left alone",
      node: node("False", both(notReady)),
      silentMs: 0,
      health: "failing",
      taints: undefined,
    },
    {
      name: "that comes back loses our taints and keeps its own",
      node: node("True", [{ key: "gpu", effect: "NoSchedule" }, ...both(unreachable)]),
      silentMs: 0,
      health: "ready",
      taints: [{ key: "gpu", effect: "NoSchedule" }],
    },
    {
      name: "that has just been made is given time",
      node: node(undefined),
      silentMs: 1_000,
      health: "ready",
      taints: undefined,
    },
    {
      name: "that somebody else tainted learns since when pods must leave it",
      node: node("True", [{ key: "maintenance", effect: "NoExecute" }]),
      silentMs: 0,
      health: "ready",
      taints: [{ key: "maintenance", effect: "NoExecute", timeAdded: formatTime(nowMs) }],
    },
  ])("$name", ({ node: one, silentMs, health, taints }) => {
    const plan = decideNode(one, silentMs, nowMs)
    expect({ health: plan.health, taints: plan.taints }).toEqual({ health, taints })
  })

  it("that is lost is said to be of unknown state, once", () => {
    const plan = decideNode(node("True"), graceMs, nowMs)
    expect(plan.conditions).toMatchObject([{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }])
    expect(decideNode(node("Unknown"), graceMs, nowMs).conditions).toBeUndefined()
  })

  it("is looked at again when its silence would have lasted too long", () => {
    expect(decideNode(node("True"), 15_000, nowMs).wakeAfterMs).toBe(graceMs - 15_000)
  })
})

describe("a pod on a tainted node leaves", () => {
  const tolerant = (toleration: object) => {
    const one = pod("a", { node: "one" })
    return { ...one, spec: { ...one.spec, tolerations: [toleration] } } as typeof one
  }
  it.each<{ name: string; pod: ReturnType<typeof pod>; node: Node; afterMs: number | undefined }>([
    { name: "never, without a taint", pod: pod("a"), node: node("True"), afterMs: undefined },
    {
      name: "after five minutes when the node is lost",
      pod: pod("a"),
      node: node("Unknown", both(unreachable)),
      afterMs: 300_000,
    },
    {
      name: "after the time that it says itself",
      pod: tolerant({ key: unreachable, operator: "Exists", tolerationSeconds: 10 }),
      node: node("Unknown", both(unreachable)),
      afterMs: 10_000,
    },
    {
      name: "never, when it tolerates everything",
      pod: tolerant({ operator: "Exists" }),
      node: node("Unknown", both(unreachable)),
      afterMs: undefined,
    },
    {
      name: "at once when somebody else tainted the node",
      pod: pod("a"),
      node: node("True", [{ key: "maintenance", effect: "NoExecute", timeAdded: formatTime(nowMs) }]),
      afterMs: 0,
    },
  ])("$name", ({ pod: one, node: tainted, afterMs }) => {
    expect(evictAtMs(one, tainted)).toBe(afterMs === undefined ? undefined : nowMs + afterMs)
  })

  it("and is not ready any more while nobody can reach it", () => {
    const one = pod("a", { node: "one", readySince: "2026-01-01T00:00:00Z" })
    expect(unreachableConditions(one, nowMs)).toMatchObject([{ type: "Ready", status: "False" }])
    expect(unreachableConditions(pod("b"), nowMs)).toBeUndefined()
  })
})
