import { createMetrics, type HistogramCell, type Metrics, type Reading } from "@wick/sdk/metrics"
import { newestSandbox, type Observed } from "../pod/observed.ts"
import type { PodFleet } from "../pod/pod-fleet.ts"

export interface KubeletFigures {
  readonly nodeName: string
  readonly fleet: PodFleet
  readonly startSeconds: HistogramCell
}

/**
 * `/metrics` of a kubelet: what it does, and its process, which may do other things too. Of Kubernetes' metrics, under their
 * names, those that are known here.
 */
export function kubeletMetrics({ nodeName, fleet, startSeconds }: KubeletFigures): Metrics {
  const metrics = createMetrics()
  const observed = (): Observed[] => [...fleet.workers()].map(({ state }) => state.observed)
  metrics.observe("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", { node: nodeName }, () => 1)
  metrics.observed("kubelet_running_pods", "[ALPHA] Number of pods that have a running pod sandbox", () =>
    runningPods(observed()),
  )
  metrics.observed("kubelet_running_containers", "[ALPHA] Number of currently running containers", () =>
    containersByState(observed()),
  )
  metrics.observed(
    "kubelet_pod_start_duration_seconds",
    "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
    () => [{ labels: {}, value: startSeconds.read() }],
    "histogram",
  )
  return metrics
}

function runningPods(observed: readonly Observed[]): number {
  return observed.filter((pod) => newestSandbox(pod)?.ready).length
}

function containersByState(observed: readonly Observed[]): Reading[] {
  const all = observed.flatMap(({ containers }) => containers)
  return [...Map.groupBy(all, ({ state }) => state)].map(([state, its]) => ({
    labels: { container_state: state },
    value: its.length,
  }))
}
