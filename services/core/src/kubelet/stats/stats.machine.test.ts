import { Pod } from "@wick/sdk/api/core/pod"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type NodeRig, startNodeRig } from "../testing/node-rig.ts"

let rig: NodeRig
beforeAll(async () => {
  rig = await startNodeRig()
})
afterAll(async () => {
  await rig?.client.delete(Pod, { name: "stats", namespace: "default" }).catch(() => {})
  await rig?.until("stats", (pod) => pod === undefined)
  await rig?.[Symbol.asyncDispose]()
})

interface Figures {
  readonly name: string
  readonly startTime: string
  readonly cpu: { readonly time: string; readonly usageCoreNanoSeconds: number; readonly usageNanoCores?: number }
  readonly memory: { readonly workingSetBytes: number; readonly availableBytes: number }
}
interface Summary {
  readonly node: Figures & { readonly nodeName: string; readonly fs?: { readonly capacityBytes: number } }
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly uid: string }
    readonly containers: readonly Figures[]
    readonly cpu: Figures["cpu"]
  }[]
}

const ask = async (path: string): Promise<Response> => rig.kubelet.fetch(new Request(`http://kubelet${path}`))
const summary = async (query = ""): Promise<Summary> => (await ask(`/stats/summary${query}`)).json() as Promise<Summary>
const containerOf = (from: Summary, name: string): Figures | undefined =>
  from.pods.find(({ podRef }) => podRef.name === "stats")?.containers.find((each) => each.name === name)

/** Ends at once when it is told to. */
const obedient = "trap 'exit 0' TERM; "

describe("the figures of a node", () => {
  it("tell a container that works from one that waits", async () => {
    const shell = (name: string, script: string) => ({ name, image: rig.image, command: ["sh", "-c", script] })
    const containers = [shell("busy", `${obedient}while :; do :; done`), shell("idle", `${obedient}sleep 1000 & wait`)]
    await rig.create({ name: "stats", containers })
    const pod = await rig.until("stats", (each) => isConditionTrue(each?.status?.conditions, "Ready"))
    const first = await summary()
    await expect.poll(async () => cpuSeconds(await summary(), "busy") - cpuSeconds(first, "busy")).toBeGreaterThan(0.3)
    const last = await summary()
    expect(cpuSeconds(last, "idle")).toBeLessThan(0.3)
    const busy = containerOf(last, "busy")
    expect(Date.parse(busy?.cpu.time ?? "")).toBeGreaterThan(Date.parse(busy?.startTime ?? ""))
    expect(busy?.memory.workingSetBytes).toBeGreaterThan(10_000)
    const [found] = last.pods
    expect(found?.podRef).toMatchObject({ name: "stats", namespace: "default", uid: pod?.metadata.uid })
    expect(found?.cpu.usageCoreNanoSeconds).toBeGreaterThanOrEqual(busy?.cpu.usageCoreNanoSeconds ?? 0)
  })

  it("are of the machine too", async () => {
    const { node } = await summary()
    expect(node.nodeName).toBe("rig")
    expect(node.memory.workingSetBytes).toBeGreaterThan(1e7)
    expect(node.memory.availableBytes).toBeGreaterThan(0)
    expect(node.fs?.capacityBytes).toBeGreaterThan(1e6)
    const less = await summary("?only_cpu_and_memory=true")
    expect(less.node.cpu.usageCoreNanoSeconds).toBeGreaterThanOrEqual(node.cpu.usageCoreNanoSeconds)
    expect(less.node.fs).toBeUndefined()
  })

  it("are told to Prometheus under Kubernetes' names", async () => {
    const response = await ask("/metrics/resource")
    expect(response.headers.get("content-type")).toContain("version=0.0.4")
    const text = await response.text()
    const labels = 'container="busy",namespace="default",pod="stats"'
    expect(text).toMatch(new RegExp(`^container_cpu_usage_seconds_total\\{${labels}\\} [0-9.]+ \\d{13}$`, "m"))
    expect(text).toMatch(/^# TYPE container_memory_working_set_bytes gauge$/m)
    expect(text).toMatch(/^pod_memory_working_set_bytes\{namespace="default",pod="stats"\} \d+ \d{13}$/m)
    expect(text).toMatch(/^node_cpu_usage_seconds_total [0-9.]+ \d{13}$/m)
    expect(text).toMatch(/^resource_scrape_error 0$/m)
  })

  it("are told to Prometheus as cAdvisor does, too", async () => {
    const text = await (await ask("/metrics/cadvisor")).text()
    const labels = 'container="busy",image="[^"]+",name="[^"]+",namespace="default",pod="stats"'
    expect(text).toMatch(
      new RegExp(`^container_cpu_usage_seconds_total\\{cpu="total",${labels}\\} [0-9.]+ \\d{13}$`, "m"),
    )
    expect(text).toMatch(new RegExp(`^container_memory_working_set_bytes\\{${labels}\\} [1-9]\\d+ \\d{13}$`, "m"))
    expect(text).toMatch(/^container_memory_rss\{id="\/"\} [1-9]\d+ \d{13}$/m)
    expect(text).toMatch(/^machine_cpu_cores [1-9]\d*$/m)
  })

  it("are told of the kubelet itself", async () => {
    const response = await ask("/metrics")
    expect(response.headers.get("content-type")).toContain("version=0.0.4")
    const text = await response.text()
    expect(text).toMatch(/^kubelet_running_pods 1$/m)
    expect(text).toMatch(/^kubelet_running_containers\{container_state="running"\} 2$/m)
    expect(text).toMatch(/^kubelet_pod_start_duration_seconds_count 1$/m)
    expect(text).toMatch(/^process_cpu_seconds_total [0-9.]+$/m)
  })
})

function cpuSeconds(from: Summary, name: string): number {
  return (containerOf(from, name)?.cpu.usageCoreNanoSeconds ?? 0) / 1e9
}
