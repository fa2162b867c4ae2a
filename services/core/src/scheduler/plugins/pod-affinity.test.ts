import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { podNeeds } from "../pod-needs.ts"
import { schedule } from "../schedule.ts"
import { Snapshot } from "../snapshot.ts"

const hostname = "kubernetes.io/hostname"

function pod(name: string, app: string, spec: object = {}): Pod {
  const metadata = { name, namespace: "default", uid: name, labels: { app } }
  return {
    metadata,
    ...Pod.schema.parse({ spec: { containers: [{ name: "web", image: "web:1" }], ...spec } }),
  } as unknown as Pod
}

function node(name: string, zone: string): Node {
  const status = { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } }
  return {
    metadata: { name, labels: { [hostname]: name, zone } },
    ...Node.schema.parse({ spec: {}, status }),
  } as unknown as Node
}

/** Places the pods one after the other on four nodes in two zones; tells where, or why not. */
function place(...pods: Pod[]): string[] {
  const snapshot = new Snapshot()
  for (const [name, zone] of [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
    ["b2", "b"],
  ] as const)
    snapshot.setNode(node(name, zone))
  return pods.map((each) => {
    const needs = podNeeds(each)
    const decision = schedule(needs, snapshot, seededRandom(7))
    if (decision.kind === "unschedulable") return decision.message
    snapshot.place(each.metadata.uid, decision.node, needs)
    return decision.node
  })
}

const term = (app: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } })
const required = (...terms: object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms })
const preferred = (podAffinityTerm: object) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
})

describe("pods", () => {
  it("that would rather be apart are, on different nodes as long as there are any", () => {
    const spread = { affinity: { podAntiAffinity: preferred(term("hello", hostname)) } }
    const places = place(...["1", "2", "3", "4"].map((name) => pod(name, "hello", spread)))
    expect(new Set(places).size).toBe(4)
  })

  it("that must be apart wait when no place is left, and keep out whom they do not bear", () => {
    const apart = { affinity: { podAntiAffinity: required(term("hello", "zone")) } }
    const [, , third] = place(pod("1", "hello", apart), pod("2", "hello", apart), pod("3", "hello", apart))
    expect(third).toBe("0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules.")
    const [first, , other] = place(pod("1", "hello", apart), pod("2", "hello", apart), pod("3", "hello"))
    expect(first).toMatch(/^[ab]\d$/)
    expect(other).toBe("0/4 nodes are available: 4 node(s) didn't satisfy existing pods anti-affinity rules.")
  })

  it("that must be near others are, the first of them anywhere", () => {
    const near = { affinity: { podAffinity: required(term("hello", "zone")) } }
    const zones = place(...["1", "2", "3", "4", "5"].map((name) => pod(name, "hello", near))).map((name) => name[0])
    expect(new Set(zones).size).toBe(1)
    const [lonely] = place(pod("1", "other", near))
    expect(lonely).toBe("0/4 nodes are available: 4 node(s) didn't match pod affinity rules.")
  })

  it("that spread are never more than allowed beyond the emptiest place", () => {
    const even = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "hello" } },
        },
      ],
      nodeSelector: { zone: "a" },
    }
    const [first, second] = place(pod("1", "hello", even), pod("2", "hello", even))
    expect(first).toMatch(/^a\d$/)
    expect(second).toContain("2 node(s) didn't match pod topology spread constraints")
  })
})
