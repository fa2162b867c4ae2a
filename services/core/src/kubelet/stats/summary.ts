import type { MemoryStats } from "../runtime/runtime.ts"
import type { ContainerSample, PodSample, Sample } from "./sample.ts"

/** Free and used bytes of the file system that holds pods. */
export interface DiskUsage {
  readonly capacityBytes: number
  readonly availableBytes: number
}

/** Pure: `/stats/summary` of a kubelet (stats.k8s.io's v1alpha1 Summary). */
export function summaryOf(nodeName: string, sample: Sample, disk: DiskUsage | undefined): object {
  const { node, pods, atMs } = sample
  const time = timeOf(atMs)
  return {
    node: {
      nodeName,
      startTime: timeOf(node.bootSeconds * 1_000),
      cpu: { time, usageCoreNanoSeconds: node.cpuNs },
      memory: { time, availableBytes: node.availableBytes, ...node.memory },
      ...(disk && {
        fs: {
          time,
          availableBytes: disk.availableBytes,
          capacityBytes: disk.capacityBytes,
          usedBytes: disk.capacityBytes - disk.availableBytes,
        },
      }),
    },
    pods: pods.map((pod) => podOf(pod, time, disk !== undefined)),
  }
}

function podOf({ pod, startedAtMs, containers }: PodSample, time: string, withDisk: boolean): object {
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    startTime: timeOf(startedAtMs),
    containers: containers.map((container) => containerOf(container, withDisk)),
    cpu: { time, usageCoreNanoSeconds: sum(containers, ({ cpuNs }) => cpuNs) },
    memory: { time, ...memoryOf(containers) },
    ...(withDisk && {
      "ephemeral-storage": { time, usedBytes: sum(containers, ({ writtenBytes = 0 }) => writtenBytes) },
    }),
  }
}

function containerOf({ name, startedAtMs, stats }: ContainerSample, withDisk: boolean): object {
  const time = timeOf(stats.atMs)
  return {
    name,
    startTime: timeOf(startedAtMs),
    cpu: { time, usageCoreNanoSeconds: stats.cpuNs },
    memory: { time, ...stats.memory },
    ...(withDisk && stats.writtenBytes !== undefined && { rootfs: { time, usedBytes: stats.writtenBytes } }),
  }
}

/** Pure: what the containers of a pod hold together. */
export function memoryOf(containers: readonly ContainerSample[]): MemoryStats {
  return {
    workingSetBytes: sum(containers, ({ memory }) => memory.workingSetBytes),
    usageBytes: sum(containers, ({ memory }) => memory.usageBytes),
    rssBytes: sum(containers, ({ memory }) => memory.rssBytes),
  }
}

export function sum(
  containers: readonly ContainerSample[],
  value: (stats: ContainerSample["stats"]) => number,
): number {
  return containers.reduce((total, { stats }) => total + value(stats), 0)
}

/** To the millisecond: whoever makes rates of these needs more than seconds. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
