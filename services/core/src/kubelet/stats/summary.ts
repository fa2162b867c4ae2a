import type { MemoryStats } from "../runtime/runtime.ts"
import type { ContainerSample, PodSample, Sample } from "./sample.ts"

/** Free and used bytes of the file system that holds pods. */
export interface DiskUsage {
  readonly capacityBytes: number
  readonly availableBytes: number
}

/**
 * Pure: `/stats/summary` of a kubelet (stats.k8s.io's v1alpha1 Summary). Rates are those since `before`, where there is a
 * sample of not long ago.
 */
export function summaryOf(
  nodeName: string,
  sample: Sample,
  before: Sample | undefined,
  disk: DiskUsage | undefined,
): object {
  const { node, pods, atMs } = sample
  const time = timeOf(atMs)
  const earlier = containersOf(before)
  return {
    node: {
      nodeName,
      startTime: timeOf(node.bootSeconds * 1_000),
      cpu: cpuOf({ atMs, cpuNs: node.cpuNs }, before && { atMs: before.atMs, cpuNs: before.node.cpuNs }),
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
    pods: pods.map((pod) => podOf(pod, atMs, earlier, disk !== undefined)),
  }
}

type Earlier = ReadonlyMap<string, CpuReading>

interface CpuReading {
  readonly atMs: number
  readonly cpuNs: number
}

/** By container and start: one that began anew has nothing to do with what was before. */
function containersOf(sample: Sample | undefined): Earlier {
  const all = (sample?.pods ?? []).flatMap(({ pod, containers }) =>
    containers.map((container) => [keyOf(pod.uid, container), container.stats] as const),
  )
  return new Map(all)
}

function keyOf(uid: string, { name, startedAtMs }: ContainerSample): string {
  return `${uid}/${name}/${startedAtMs}`
}

interface CpuFigures {
  readonly time: string
  /** Absent when nothing is known of before. */
  readonly usageNanoCores?: number
  readonly usageCoreNanoSeconds: number
}

function cpuOf({ atMs, cpuNs }: CpuReading, before: CpuReading | undefined): CpuFigures {
  const seconds = before ? (atMs - before.atMs) / 1_000 : 0
  const rate = before && seconds > 0 ? Math.max(0, Math.round((cpuNs - before.cpuNs) / seconds)) : undefined
  return { time: timeOf(atMs), ...(rate !== undefined && { usageNanoCores: rate }), usageCoreNanoSeconds: cpuNs }
}

function podOf({ pod, startedAtMs, containers }: PodSample, atMs: number, earlier: Earlier, withDisk: boolean): object {
  const time = timeOf(atMs)
  const described = containers.map((container) =>
    containerOf(container, earlier.get(keyOf(pod.uid, container)), withDisk),
  )
  const rates = described.map(({ cpu }) => cpu.usageNanoCores)
  const rate = rates.reduce<number | undefined>(
    (total, each) => (total === undefined || each === undefined ? undefined : total + each),
    0,
  )
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    startTime: timeOf(startedAtMs),
    containers: described,
    cpu: {
      time,
      ...(rate !== undefined && { usageNanoCores: rate }),
      usageCoreNanoSeconds: sum(containers, ({ cpuNs }) => cpuNs),
    },
    memory: { time, ...memoryOf(containers) },
    ...(withDisk && {
      "ephemeral-storage": { time, usedBytes: sum(containers, ({ writtenBytes = 0 }) => writtenBytes) },
    }),
  }
}

function containerOf(
  { name, startedAtMs, stats }: ContainerSample,
  before: CpuReading | undefined,
  withDisk: boolean,
): Record<string, unknown> & { readonly cpu: CpuFigures } {
  const time = timeOf(stats.atMs)
  return {
    name,
    startTime: timeOf(startedAtMs),
    cpu: cpuOf(stats, before),
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
