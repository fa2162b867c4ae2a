import type { Pod } from "@wick/sdk/api/core/pod"
import { findCondition, isConditionTrue } from "@wick/sdk/api/meta/condition"
import { parseTime } from "@wick/sdk/api/meta/time"

/** The pod has run to its end; it counts for nothing any more. */
export function isEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed"
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined
}

/** Lives, and nobody has asked it to go. */
export function isActive(pod: Pod): boolean {
  return !isEnded(pod) && !isTerminating(pod)
}

export function isReady({ status }: Pod): boolean {
  return isConditionTrue(status?.conditions, "Ready")
}

/** When the pod became ready; undefined when it is not. */
export function readySinceMs({ status }: Pod): number | undefined {
  const condition = findCondition(status?.conditions, "Ready")
  if (condition?.status !== "True") return undefined
  return condition.lastTransitionTime === undefined ? 0 : parseTime(condition.lastTransitionTime)
}

/** When a ready pod will have been ready for long enough to count as available: now or before means that it is. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  const since = readySinceMs(pod)
  if (since === undefined || minReadySeconds === 0) return since
  return since + minReadySeconds * 1000
}
