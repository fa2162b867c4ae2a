import type { Pod } from "@wick/sdk/api/core/pod"
import { isReady } from "../pod-state.ts"
import type { Answer } from "./per-pod-replicas.ts"
import { isTolerable, type Tolerance } from "./tolerance.ts"

export interface WholeQuestion {
  readonly pods: readonly Pod[]
  readonly currentReplicas: number
  /** Pods that there are by the word of what is scaled. */
  readonly statusReplicas: number
  readonly tolerance: Tolerance
  readonly milli: number
}

/** As many pods as bring one figure to its target, if each carries a like part of it. */
export function valueReplicas(question: WholeQuestion, targetMilli: number): Answer<undefined> {
  const { pods, currentReplicas, tolerance, milli } = question
  const ratio = milli / targetMilli
  if (currentReplicas === 0) return { kind: "known", replicas: Math.ceil(ratio), seen: undefined }
  if (isTolerable(ratio, tolerance)) return { kind: "known", replicas: currentReplicas, seen: undefined }
  if (pods.length === 0) {
    const message = "unable to calculate ready pods: no pods returned by selector while calculating replica count"
    return { kind: "unknown", message }
  }
  const ready = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod)).length
  return { kind: "known", replicas: Math.ceil(ratio * ready), seen: undefined }
}

/** As many pods as there are shares of this size in one figure. */
export function shareReplicas(
  { statusReplicas, tolerance, milli }: WholeQuestion,
  targetMilli: number,
): { replicas: number; averageMilli: number } {
  const isFine = statusReplicas > 0 && isTolerable(milli / (targetMilli * statusReplicas), tolerance)
  return {
    replicas: isFine ? statusReplicas : Math.ceil(milli / targetMilli),
    averageMilli: statusReplicas === 0 ? 0 : Math.ceil(milli / statusReplicas),
  }
}
