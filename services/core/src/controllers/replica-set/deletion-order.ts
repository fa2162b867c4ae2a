import type { Pod } from "@wick/sdk/api/core/pod"
import { parseTime } from "@wick/sdk/api/meta/time"
import { isReady, readySinceMs } from "../pod-state.ts"

/** What removing a pod costs, as its annotation says: pods that cost less go first. */
const costAnnotation = "controller.kubernetes.io/pod-deletion-cost"

type Compare = (one: Pod, other: Pod) => number

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * Which of two pods goes first, by the first rule that tells them apart: the one that does least for its users now,
 * then the one that somebody declared cheaper, then the one that has served least.
 */
const rules: readonly Compare[] = [
  by((pod) => (pod.spec.nodeName ? 1 : 0)),
  by((pod) => phaseRank[pod.status?.phase ?? "Pending"] ?? 1),
  by((pod) => (isReady(pod) ? 1 : 0)),
  by(deletionCost),
  by((pod) => -(readySinceMs(pod) ?? 0)),
  by((pod) => -restarts(pod)),
  by((pod) => -parseTime(pod.metadata.creationTimestamp)),
]

/** The pods to remove first come first. Of pods that are otherwise alike, those on crowded nodes go before others. */
export function deletionOrder(pods: readonly Pod[]): Pod[] {
  const crowd = new Map<string, number>()
  for (const { spec } of pods) crowd.set(spec.nodeName ?? "", (crowd.get(spec.nodeName ?? "") ?? 0) + 1)
  const crowded = by((pod) => -(crowd.get(pod.spec.nodeName ?? "") ?? 0))
  const order = [...rules.slice(0, 4), crowded, ...rules.slice(4)]
  return [...pods].sort((one, other) => {
    for (const rule of order) {
      const difference = rule(one, other)
      if (difference !== 0) return difference
    }
    return one.metadata.name < other.metadata.name ? -1 : 1
  })
}

function by(value: (pod: Pod) => number): Compare {
  return (one, other) => value(one) - value(other)
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[costAnnotation] ?? 0)
  return Number.isInteger(cost) ? cost : 0
}

function restarts({ status }: Pod): number {
  return (status?.containerStatuses ?? []).reduce((most, { restartCount }) => Math.max(most, restartCount), 0)
}
