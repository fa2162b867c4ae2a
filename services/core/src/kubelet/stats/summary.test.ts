import { describe, expect, it } from "vitest"
import type { Sample } from "./sample.ts"
import { summaryOf } from "./summary.ts"

const memory = { workingSetBytes: 1, usageBytes: 2, rssBytes: 3 }
const pod = { uid: "u", name: "web", namespace: "shop" }

function sample(atMs: number, cpuSeconds: Record<string, number>, startedAtMs = 1_000): Sample {
  const containers = Object.entries(cpuSeconds).map(([name, seconds]) => {
    return { name, image: "web:1", startedAtMs, stats: { id: name, atMs, cpuNs: seconds * 1e9, memory } }
  })
  const node = { cores: 2, cpuNs: atMs * 1e6, memory, availableBytes: 9, bootSeconds: 5 }
  return { atMs, node, pods: [{ pod, startedAtMs, containers }] }
}

describe("the summary of a node", () => {
  it("tells rates since the sample before", () => {
    const before = sample(10_000, { main: 4, side: 1 })
    expect(summaryOf("one", sample(12_000, { main: 5, side: 1 }), before, undefined)).toMatchObject({
      node: { nodeName: "one", startTime: "1970-01-01T00:00:05.000Z", cpu: { usageNanoCores: 1e9 } },
      pods: [
        {
          podRef: pod,
          cpu: { usageNanoCores: 5e8, usageCoreNanoSeconds: 6e9 },
          memory: { workingSetBytes: 2, usageBytes: 4, rssBytes: 6 },
          containers: [
            { name: "main", cpu: { time: "1970-01-01T00:00:12.000Z", usageNanoCores: 5e8, usageCoreNanoSeconds: 5e9 } },
            { name: "side", cpu: { usageNanoCores: 0 } },
          ],
        },
      ],
    })
  })

  it("tells none of what was not there then, or began anew, nor of a pod with such a container", () => {
    const now = sample(12_000, { main: 5, fresh: 1 })
    for (const before of [undefined, sample(10_000, { main: 4 }), sample(10_000, { main: 9, fresh: 9 }, 500)]) {
      const { pods } = summaryOf("one", now, before, undefined) as {
        pods: { cpu: object; containers: { cpu: object }[] }[]
      }
      expect(pods[0]?.cpu).not.toHaveProperty("usageNanoCores")
      expect(pods[0]?.containers[1]?.cpu).not.toHaveProperty("usageNanoCores")
    }
  })

  it("has disks only when they were looked at", () => {
    const disk = { capacityBytes: 10, availableBytes: 4 }
    const { node } = summaryOf("one", sample(1, {}), undefined, disk) as { node: { fs?: object } }
    expect(node.fs).toMatchObject({ capacityBytes: 10, availableBytes: 4, usedBytes: 6 })
    expect(summaryOf("one", sample(1, {}), undefined, undefined)).not.toHaveProperty("node.fs")
  })
})
