import type { Pod } from "@wick/sdk/api/core/pod"
import { groupPods, type PodGroups } from "./pod-groups.ts"
import type { PodValues } from "./reading.ts"
import { isTolerable, type Tolerance } from "./tolerance.ts"

export interface PerPodQuestion {
  readonly pods: readonly Pod[]
  readonly values: PodValues
  /** `cpu`, `memory`, …; empty for metrics that are no resource. */
  readonly resource: string
  readonly currentReplicas: number
  readonly tolerance: Tolerance
  readonly nowMs: number
}

/** How a metric's values are held against its target. */
export interface Yardstick<Seen> {
  /** Values → their share of the target; a text when it cannot be told. */
  ratio(values: ReadonlyMap<string, number>): { readonly ratio: number; readonly seen: Seen } | string
  /** What a pod is taken to use of which nothing is known, when that might otherwise take pods away. */
  cautious(pod: string): number
}

export type Answer<Seen> =
  | { readonly kind: "known"; readonly replicas: number; readonly seen: Seen }
  | { readonly kind: "unknown"; readonly message: string }

/**
 * As many pods as bring each to the target. Pods of which nothing is known may only slow a change down: where pods would
 * go they count as fully used, where pods would come as idle. If that turns the wish around, nothing changes.
 */
export function perPodReplicas<Seen>(question: PerPodQuestion, yardstick: Yardstick<Seen>): Answer<Seen> {
  const { pods, currentReplicas, tolerance } = question
  if (pods.length === 0) return unknown("no pods returned by selector while calculating replica count")
  const groups = groupPods(pods, question.values, question.resource, question.nowMs)
  const known = trusted(question.values, groups)
  if (known.size === 0) return unknown("did not receive metrics for targeted pods (pods might be unready)")
  const first = yardstick.ratio(known)
  if (typeof first === "string") return unknown(first)
  const { ratio, seen } = first
  const unreadyCount = groups.unready.length > 0 && ratio > 1
  if (!unreadyCount && groups.missing.length === 0) {
    const replicas = isTolerable(ratio, tolerance) ? currentReplicas : Math.ceil(ratio * groups.ready.length)
    return { kind: "known", replicas, seen }
  }
  const filled = new Map(known)
  if (ratio !== 1) for (const pod of groups.missing) filled.set(pod, ratio < 1 ? yardstick.cautious(pod) : 0)
  if (unreadyCount) for (const pod of groups.unready) filled.set(pod, 0)
  const second = yardstick.ratio(filled)
  if (typeof second === "string") return unknown(second)
  const replicas = careful(ratio, second.ratio, filled.size, currentReplicas, tolerance)
  return { kind: "known", replicas, seen }
}

function careful(
  ratio: number,
  filledRatio: number,
  count: number,
  currentReplicas: number,
  tolerance: Tolerance,
): number {
  const turned = (ratio < 1 && filledRatio > 1) || (ratio > 1 && filledRatio < 1)
  if (turned || isTolerable(filledRatio, tolerance)) return currentReplicas
  const replicas = Math.ceil(filledRatio * count)
  const wrongWay = filledRatio < 1 ? replicas > currentReplicas : replicas < currentReplicas
  return wrongWay ? currentReplicas : replicas
}

function trusted(values: PodValues, { ignored, unready }: PodGroups): Map<string, number> {
  const left = new Map([...values].map(([pod, { milli }]) => [pod, milli]))
  for (const pod of [...ignored, ...unready]) left.delete(pod)
  return left
}

function unknown(message: string): { kind: "unknown"; message: string } {
  return { kind: "unknown", message }
}
