import type { Pod } from "@wick/sdk/api/core/pod"
import { compareQuantities, milliUnits, wholeUnits } from "@wick/sdk/api/meta/quantity"
import type { PodContainer } from "../pod/observed.ts"
import type { ContainerResources } from "../runtime/runtime.ts"

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort"

const cpuPeriodUs = 100_000
/** Less would be refused by the kernel. */
const cpuQuotaUsMin = 1_000
const sharesPerCpu = 1_024
/** Least and most that the kernel takes. */
const sharesMin = 2
const sharesMax = 262_144
const memoryScore = { guaranteed: -997, bestEffort: 1_000, burstableMin: 3, burstableMax: 999 }

/** Pure: how a pod fares when the node runs short, by its requests and limits. */
export function qosClass(pod: Pod): QosClass {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const asks = containers.some(({ resources }) =>
    [resources.requests, resources.limits].some((list) => amount(list, "cpu") || amount(list, "memory")),
  )
  if (!asks) return "BestEffort"
  const guaranteed = containers.every(({ resources }) =>
    ["cpu", "memory"].every((name) => {
      const limit = resources.limits?.[name]
      const request = resources.requests?.[name] ?? limit
      return limit !== undefined && request !== undefined && compareQuantities(limit, request) === 0
    }),
  )
  return guaranteed ? "Guaranteed" : "Burstable"
}

/** Pure: requests and limits as the cgroup of a container takes them. */
export function cgroupResources(container: PodContainer, qos: QosClass, nodeMemoryBytes: number): ContainerResources {
  const { limits, requests } = container.resources
  const cpuRequest = requests?.cpu ?? limits?.cpu
  const shares = cpuRequest === undefined ? sharesMin : Math.floor((milliUnits(cpuRequest) * sharesPerCpu) / 1_000)
  const quota = limits?.cpu === undefined ? 0 : Math.floor((milliUnits(limits.cpu) * cpuPeriodUs) / 1_000)
  return {
    cpuShares: Math.min(sharesMax, Math.max(sharesMin, shares)),
    cpuQuota: quota === 0 ? 0 : Math.max(cpuQuotaUsMin, quota),
    cpuPeriod: quota === 0 ? 0 : cpuPeriodUs,
    memoryLimit: limits?.memory === undefined ? 0 : wholeUnits(limits.memory),
    oomScoreAdjust: oomScore(requests?.memory ?? limits?.memory, qos, nodeMemoryBytes),
  }
}

/** The less of its memory a burstable container asked for, the sooner it is killed. */
function oomScore(memoryRequest: string | number | undefined, qos: QosClass, nodeMemoryBytes: number): number {
  if (qos === "Guaranteed") return memoryScore.guaranteed
  if (qos === "BestEffort") return memoryScore.bestEffort
  const asked = memoryRequest === undefined ? 0 : wholeUnits(memoryRequest)
  const score = 1_000 - Math.floor((1_000 * asked) / nodeMemoryBytes)
  return Math.min(memoryScore.burstableMax, Math.max(memoryScore.burstableMin, score))
}

function amount(list: Readonly<Record<string, string | number>> | undefined, name: string): boolean {
  const quantity = list?.[name]
  return quantity !== undefined && compareQuantities(quantity, "0") > 0
}
