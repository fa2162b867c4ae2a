import { type Family, lineOf, textOf } from "./families.ts"
import type { ContainerSample, PodSample, Sample } from "./sample.ts"
import { memoryOf, sum } from "./summary.ts"

const nsPerSecond = 1e9

/** Pure: `/metrics/resource` of a kubelet, in the text form of Prometheus and under Kubernetes' names. */
export function resourceMetrics({ atMs, node, pods }: Sample): string {
  const families: Family[] = [
    ofContainers(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      pods,
      ({ stats }) => stats.cpuNs / nsPerSecond,
    ),
    ofContainers(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      pods,
      ({ stats }) => stats.memory.workingSetBytes,
    ),
    ofContainers(
      "container_start_time_seconds",
      "gauge",
      "Start time of the container since unix epoch in seconds",
      pods,
      ({ startedAtMs }) => startedAtMs / 1_000,
    ),
    ofNode(
      "node_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the node in core-seconds",
      node.cpuNs / nsPerSecond,
      atMs,
    ),
    ofNode(
      "node_memory_working_set_bytes",
      "gauge",
      "Current working set of the node in bytes",
      node.memory.workingSetBytes,
      atMs,
    ),
    ofPods(
      "pod_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the pod in core-seconds",
      pods,
      atMs,
      ({ containers }) => sum(containers, ({ cpuNs }) => cpuNs) / nsPerSecond,
    ),
    ofPods(
      "pod_memory_working_set_bytes",
      "gauge",
      "Current working set of the pod in bytes",
      pods,
      atMs,
      ({ containers }) => memoryOf(containers).workingSetBytes,
    ),
    {
      name: "resource_scrape_error",
      type: "gauge",
      help: "1 if there was an error while getting container metrics, 0 otherwise",
      lines: ["resource_scrape_error 0"],
    },
  ]
  return textOf(families.map((family) => ({ ...family, help: `[STABLE] ${family.help}` })))
}

function ofNode(name: string, type: Family["type"], help: string, value: number, atMs: number): Family {
  return { name, type, help, lines: [lineOf(name, {}, value, atMs)] }
}

function ofPods(
  name: string,
  type: Family["type"],
  help: string,
  pods: readonly PodSample[],
  atMs: number,
  value: (pod: PodSample) => number,
): Family {
  const lines = pods.map((each) =>
    lineOf(name, { namespace: each.pod.namespace, pod: each.pod.name }, value(each), atMs),
  )
  return { name, type, help, lines }
}

function ofContainers(
  name: string,
  type: Family["type"],
  help: string,
  pods: readonly PodSample[],
  value: (container: ContainerSample) => number,
): Family {
  const lines = pods.flatMap(({ pod, containers }) =>
    containers.map((container) => {
      const labels = { container: container.name, namespace: pod.namespace, pod: pod.name }
      return lineOf(name, labels, value(container), container.stats.atMs)
    }),
  )
  return { name, type, help, lines }
}
