import { expect, it } from "vitest"
import { cadvisorMetrics } from "./cadvisor-metrics.ts"
import { lineOf } from "./families.ts"
import type { Sample } from "./sample.ts"

it("what a pod calls its image cannot end its label, nor begin a line of its own", () => {
  expect(lineOf("up", { image: 'a"} 1\nup{b="\\' }, 1)).toBe(String.raw`up{image="a\"} 1\nup{b=\"\\"} 1`)
})

it("containers and the machine have cAdvisor's names and labels, and the time at which they were looked at", () => {
  const memory = { workingSetBytes: 1, usageBytes: 2, rssBytes: 3 }
  const stats = { id: "abc", atMs: 12_000, cpuNs: 5e8, memory }
  const containers = [{ name: "main", image: "shop/web:1", startedAtMs: 1_500, stats }]
  const pods = [{ pod: { uid: "u", name: "web", namespace: "shop" }, startedAtMs: 1_000, containers }]
  const node = { cores: 2, cpuNs: 7e9, memory: { ...memory, workingSetBytes: 10 }, availableBytes: 90, bootSeconds: 5 }
  const sample: Sample = { atMs: 12_001, node, pods }
  const labels = 'container="main",image="shop/web:1",name="abc",namespace="shop",pod="web"'
  const lines = cadvisorMetrics(sample).split("\n")
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE container_cpu_usage_seconds_total counter",
      'container_cpu_usage_seconds_total{cpu="total",id="/"} 7 12001',
      `container_cpu_usage_seconds_total{cpu="total",${labels}} 0.5 12000`,
      `container_memory_working_set_bytes{${labels}} 1 12000`,
      `container_memory_usage_bytes{${labels}} 2 12000`,
      `container_memory_rss{${labels}} 3 12000`,
      `container_start_time_seconds{${labels}} 1.5`,
      "machine_cpu_cores 2",
      "machine_memory_bytes 100",
    ]),
  )
})
