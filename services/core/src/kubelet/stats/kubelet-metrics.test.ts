import { HistogramCell } from "@wick/sdk/metrics"
import { expect, it } from "vitest"
import type { Observed } from "../pod/observed.ts"
import type { PodFleet } from "../pod/pod-fleet.ts"
import type { ContainerRecord, SandboxRecord } from "../runtime/runtime.ts"
import { kubeletMetrics } from "./kubelet-metrics.ts"

const sandbox = (attempt: number, ready: boolean): SandboxRecord => ({ attempt, ready }) as SandboxRecord
const container = (state: ContainerRecord["state"]): ContainerRecord => ({ state }) as ContainerRecord

function fleetOf(...pods: Observed[]): PodFleet {
  return { workers: () => pods.map((observed) => ({ state: { observed } })) } as unknown as PodFleet
}

it("a kubelet tells what runs on its node, under Kubernetes' names, as it is when somebody asks", async () => {
  const startSeconds = new HistogramCell([0.5, 1])
  const pods: Observed[] = [
    { sandboxes: [sandbox(0, false), sandbox(1, true)], containers: [container("running"), container("exited")] },
    { sandboxes: [sandbox(0, false)], containers: [container("exited")] },
  ]
  const metrics = kubeletMetrics({ nodeName: "one", fleet: fleetOf(...pods), startSeconds })
  startSeconds.observe(0.7)
  const lines = (await metrics.text()).split("\n")
  expect(lines).toEqual(
    expect.arrayContaining([
      'kubelet_node_name{node="one"} 1',
      "kubelet_running_pods 1",
      'kubelet_running_containers{container_state="running"} 1',
      'kubelet_running_containers{container_state="exited"} 2',
      "# TYPE kubelet_pod_start_duration_seconds histogram",
      'kubelet_pod_start_duration_seconds_bucket{le="0.5"} 0',
      'kubelet_pod_start_duration_seconds_bucket{le="1"} 1',
      "kubelet_pod_start_duration_seconds_count 1",
      expect.stringMatching(/^process_resident_memory_bytes \d+$/),
    ]),
  )
})
