import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { podNeeds } from "./pod-needs.ts"
import { type Decision, schedule } from "./schedule.ts"
import { Snapshot } from "./snapshot.ts"

type PodSpec = Pod["spec"]

function pod(name: string, spec: Partial<PodSpec> = {}, requests?: Record<string, string>): Pod {
  const metadata = { name, namespace: "default", uid: name }
  const container = { name: "web", image: "web:1", ...(requests && { resources: { requests } }) }
  return { metadata, ...Pod.schema.parse({ spec: { containers: [container], ...spec } }) } as unknown as Pod
}

interface NodeParts {
  allocatable?: Record<string, string>
  labels?: Record<string, string>
  spec?: object
  images?: object[]
}
function node(name: string, { allocatable, labels, spec, images }: NodeParts = {}): Node {
  const status = { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable }, images }
  return { metadata: { name, labels }, ...Node.schema.parse({ spec: spec ?? {}, status }) } as unknown as Node
}

function decide(wanted: Pod, nodes: Node[], placed: [Pod, string][] = []): Decision {
  const snapshot = new Snapshot()
  for (const [one, where] of placed) snapshot.place(one.metadata.uid, where, podNeeds(one))
  for (const one of nodes) snapshot.setNode(one)
  return schedule(podNeeds(wanted), snapshot, seededRandom(1))
}

const zone = (value: string): PodSpec["affinity"] => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: [value] }] }],
    },
  },
})
const tainted = (effect: string): NodeParts => ({ spec: { taints: [{ key: "gpu", value: "yes", effect }] } })

describe("scheduling: a pod is refused", () => {
  it.each<{ name: string; pod: Pod; nodes: Node[]; placed?: [Pod, string][]; message: string }>([
    { name: "when there is no node", pod: pod("a"), nodes: [], message: "no nodes available to schedule pods" },
    {
      name: "when a node lacks CPU",
      pod: pod("a", {}, { cpu: "5" }),
      nodes: [node("one")],
      message: "0/1 nodes are available: 1 Insufficient cpu.",
    },
    {
      name: "with every reason of every node",
      pod: pod("a", {}, { cpu: "5", memory: "9Gi" }),
      nodes: [node("one"), node("two", { spec: { unschedulable: true } }), node("three", tainted("NoSchedule"))],
      message:
        "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, " +
        "1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable.",
    },
    {
      name: "when other pods have taken what it needs",
      pod: pod("a", {}, { cpu: "2" }),
      nodes: [node("one")],
      placed: [[pod("b", {}, { cpu: "2500m" }), "one"]],
      message: "0/1 nodes are available: 1 Insufficient cpu.",
    },
    {
      name: "when the node has as many pods as it may",
      pod: pod("a"),
      nodes: [node("one", { allocatable: { pods: "1" } })],
      placed: [[pod("b"), "one"]],
      message: "0/1 nodes are available: 1 Too many pods.",
    },
    {
      name: "when no node has its labels",
      pod: pod("a", { nodeSelector: { disk: "ssd" } }),
      nodes: [node("one", { labels: { disk: "hdd" } })],
      message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    },
    {
      name: "when no node answers its affinity",
      pod: pod("a", { affinity: zone("a") }),
      nodes: [node("one", { labels: { zone: "b" } })],
      message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    },
    {
      name: "when its host port is taken",
      pod: pod("a", { containers: pod("x").spec.containers.map((c) => ({ ...c, ports: [port(80)] })) }),
      nodes: [node("one")],
      placed: [[pod("b", { containers: pod("x").spec.containers.map((c) => ({ ...c, ports: [port(80)] })) }), "one"]],
      message: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    },
    {
      name: "when it needs a device that no node has",
      pod: pod("a", {}, { "example.com/gpu": "1" }),
      nodes: [node("one")],
      message: "0/1 nodes are available: 1 Insufficient example.com/gpu.",
    },
  ])("$name", ({ pod: wanted, nodes, placed = [], message }) => {
    expect(decide(wanted, nodes, placed)).toEqual({ kind: "unschedulable", message })
  })
})

function port(hostPort: number) {
  return { containerPort: 8080, hostPort, protocol: "TCP" as const }
}

describe("scheduling: a pod goes", () => {
  const gpu = { key: "gpu", operator: "Exists" }
  it.each<{ name: string; pod: Pod; nodes: Node[]; placed?: [Pod, string][]; to: string }>([
    { name: "to the only node that fits", pod: pod("a"), nodes: [node("one")], to: "one" },
    {
      name: "to a tainted node that it tolerates",
      pod: pod("a", { tolerations: [gpu], affinity: zone("a") }),
      nodes: [node("one"), node("two", { ...tainted("NoSchedule"), labels: { zone: "a" } })],
      to: "two",
    },
    {
      name: "to the node with most room",
      pod: pod("a", {}, { cpu: "1" }),
      nodes: [node("one"), node("two")],
      placed: [[pod("b", {}, { cpu: "2", memory: "4Gi" }), "one"]],
      to: "two",
    },
    {
      name: "away from a node that would rather not have it",
      pod: pod("a"),
      nodes: [node("one", tainted("PreferNoSchedule")), node("two")],
      to: "two",
    },
    {
      name: "to the node that it prefers",
      pod: pod("a", {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 50, preference: { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] } },
            ],
          },
        },
      }),
      nodes: [node("one"), node("two", { labels: { disk: "ssd" } })],
      to: "two",
    },
    {
      name: "to the node that has its image",
      pod: pod("a"),
      nodes: [node("one"), node("two", { images: [{ names: ["web:1"], sizeBytes: 900 * 1024 * 1024 }] })],
      to: "two",
    },
  ])("$name", ({ pod: wanted, nodes, placed = [], to }) => {
    expect(decide(wanted, nodes, placed)).toEqual({ kind: "bound", node: to })
  })
})

describe("the needs of a pod", () => {
  const need = (spec: object) => podNeeds(pod("a", spec as Partial<PodSpec>)).requests
  const container = (cpu: string, more = {}) => ({
    name: `c${cpu}`,
    resources: { requests: { cpu } },
    ...more,
  })

  it("are the sum of its containers and its overhead", () => {
    const containers = [container("100m"), container("0.2")]
    expect(need({ containers, overhead: { cpu: "50m", memory: "1Ki" } })).toMatchObject({ cpu: 350, memory: 1024 })
  })

  it("are what its greediest moment needs, init containers and sidecars counted", () => {
    const initContainers = [container("1"), container("100m", { restartPolicy: "Always" }), container("500m")]
    expect(need({ containers: [container("200m")], initContainers }).cpu).toBe(1000)
    const sidecarFirst = [container("1", { restartPolicy: "Always" }), container("500m")]
    expect(need({ containers: [container("200m")], initContainers: sidecarFirst }).cpu).toBe(1500)
  })
})

describe("the snapshot", () => {
  it("gives back exactly what a pod had taken", () => {
    const snapshot = new Snapshot()
    snapshot.setNode(node("one"))
    const [before] = snapshot.nodes()
    snapshot.place("b", "one", podNeeds(pod("b", {}, { cpu: "1", "example.com/gpu": "0" })))
    expect(snapshot.lift("b")).toBe(true)
    const [after] = snapshot.nodes()
    expect(after).toMatchObject({ requested: { cpu: before?.requested.cpu }, podCount: 0, hostPorts: [] })
    expect(snapshot.lift("b")).toBe(false)
  })

  it("keeps of a pod that has a node what others mind of it, and whom it keeps out only where it keeps out", () => {
    const snapshot = new Snapshot()
    snapshot.setNode(node("one"))
    const term = { topologyKey: "zone", labelSelector: { matchLabels: { app: "b" } } }
    const away = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
    const rather = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] }
    snapshot.place("a", "one", podNeeds(pod("a", { affinity: away })))
    snapshot.place("b", "one", podNeeds(pod("b", { affinity: { podAntiAffinity: rather } })))
    const metadata = { namespace: "default" }
    expect(snapshot.placed().map(({ pod }) => pod)).toEqual([
      { metadata, spec: { affinity: away } },
      { metadata, spec: {} },
    ])
  })

  it("is not changed by a heartbeat", () => {
    const snapshot = new Snapshot()
    expect(snapshot.setNode(node("one"))).toBe(true)
    expect(snapshot.setNode(node("one"))).toBe(false)
    expect(snapshot.setNode(node("one", { allocatable: { cpu: "8" } }))).toBe(true)
  })
})
