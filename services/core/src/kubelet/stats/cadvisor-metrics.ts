import type { ContainerStats } from "../runtime/runtime.ts"
import { type Family, lineOf, textOf } from "./families.ts"
import type { ContainerSample, PodSample, Sample } from "./sample.ts"

const nsPerSecond = 1e9

type Reading = Pick<ContainerStats, "cpuNs" | "memory">
interface Metric extends Omit<Family, "lines"> {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: (reading: Reading) => number
}

const metrics: readonly Metric[] = [
  {
    name: "container_cpu_usage_seconds_total",
    type: "counter",
    help: "Cumulative cpu time consumed in seconds.",
    labels: { cpu: "total" },
    value: ({ cpuNs }) => cpuNs / nsPerSecond,
  },
  {
    name: "container_memory_working_set_bytes",
    type: "gauge",
    help: "Current working set in bytes.",
    value: ({ memory }) => memory.workingSetBytes,
  },
  {
    name: "container_memory_usage_bytes",
    type: "gauge",
    help: "Current memory usage in bytes, including all memory regardless of when it was accessed.",
    value: ({ memory }) => memory.usageBytes,
  },
  {
    name: "container_memory_rss",
    type: "gauge",
    help: "Size of RSS in bytes.",
    value: ({ memory }) => memory.rssBytes,
  },
]

/**
 * Pure: `/metrics/cadvisor` of a kubelet, where dashboards and the usual configuration of Prometheus look for containers: of
 * cAdvisor's metrics those that a sample has. The machine is the container `/`.
 */
export function cadvisorMetrics({ atMs, node, pods }: Sample): string {
  const containers = pods.flatMap((pod) =>
    pod.containers.map((container) => ({ container, labels: of(pod, container) })),
  )
  const families = metrics.map(({ labels: more = {}, value, ...family }): Family => {
    const machine = lineOf(family.name, { ...more, id: "/" }, value(node), atMs)
    const lines = containers.map(({ container: { stats }, labels }) =>
      lineOf(family.name, { ...more, ...labels }, value(stats), stats.atMs),
    )
    return { ...family, lines: [machine, ...lines] }
  })
  const starts = "container_start_time_seconds"
  const started = containers.map(({ container, labels }) => lineOf(starts, labels, container.startedAtMs / 1_000))
  return textOf([
    ...families,
    { name: starts, type: "gauge", help: "Start time of the container since unix epoch in seconds.", lines: started },
    ofMachine("machine_cpu_cores", "Number of logical CPU cores.", node.cores),
    ofMachine(
      "machine_memory_bytes",
      "Amount of memory installed on the machine.",
      node.availableBytes + node.memory.workingSetBytes,
    ),
  ])
}

function of({ pod }: PodSample, { name, image, stats }: ContainerSample): Record<string, string> {
  return { container: name, image, name: stats.id, namespace: pod.namespace, pod: pod.name }
}

function ofMachine(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, lines: [lineOf(name, {}, value)] }
}
