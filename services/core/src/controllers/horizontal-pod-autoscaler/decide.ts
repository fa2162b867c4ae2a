import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { MetricStatus } from "@wick/sdk/api/autoscaling/metric"
import { calm } from "./calm.ts"
import { activeBy, calmed, inactive, type Mark, seen } from "./conditions.ts"
import { beginMemory, type Memory, withWish } from "./memory.ts"
import { type Proposal, propose, type ScaleSeen } from "./propose.ts"
import type { Reading } from "./reading.ts"
import { toleranceOf } from "./tolerance.ts"

export type Spec = HorizontalPodAutoscaler["spec"]

/** The world as one look at it shows it. */
export interface Observed extends Omit<ScaleSeen, "tolerance"> {
  /** One for each metric of the spec; a text when nobody could say whom metrics are about. */
  readonly readings: readonly Reading[] | { readonly reason: string; readonly message: string }
}

export interface Decision {
  /** Absent: nothing is to be changed. */
  readonly rescale?: { readonly replicas: number; readonly reason: string }
  readonly marks: readonly Mark[]
  readonly metrics: readonly MetricStatus[]
  readonly memory: Memory
  /** What kept all metrics, or some, from being heard: told as events of these reasons. */
  readonly troubles: readonly { readonly reason: string; readonly message: string }[]
}

/** Pure: one look of the autoscaler. Hours of it are tested in milliseconds. */
export function decide(spec: Spec, observed: Observed, remembered: Memory | undefined): Decision {
  const { currentReplicas: current, nowMs } = observed
  const least = spec.minReplicas ?? 1
  const memory = remembered ?? beginMemory(current, nowMs)
  const still = { metrics: [], memory, troubles: [] }
  if (current === 0 && least !== 0) {
    const message = "scaling is disabled since the replica count of the target is zero"
    return { ...still, marks: [seen, inactive("ScalingDisabled", message)] }
  }
  if (current > spec.maxReplicas) {
    const reason = "Current number of replicas above Spec.MaxReplicas"
    return { ...still, marks: [seen], rescale: { replicas: spec.maxReplicas, reason } }
  }
  if (current < least) {
    const reason = "Current number of replicas below Spec.MinReplicas"
    return { ...still, marks: [seen], rescale: { replicas: least, reason } }
  }
  if ("reason" in observed.readings) {
    const { reason, message } = observed.readings
    const all = `failed to compute desired number of replicas based on listed metrics: ${message}`
    const troubles = [{ reason, message }, failedToCompute(all)]
    return { ...still, marks: [seen, inactive(reason, message)], troubles }
  }
  return byMetrics(spec, observed, observed.readings, memory)
}

function byMetrics(spec: Spec, observed: Observed, readings: readonly Reading[], memory: Memory): Decision {
  const { currentReplicas: current, nowMs } = observed
  const asked = { ...observed, tolerance: toleranceOf(spec.behavior) }
  const proposals = (spec.metrics ?? []).map((metric, at) => {
    const reading = readings[at] ?? { kind: "failed", message: "it was not asked" }
    return propose(metric, reading, asked)
  })
  const metrics = proposals.map((proposal) => (proposal.kind === "wanted" ? proposal.status : { type: "" }))
  const invalid = proposals.filter((proposal) => proposal.kind === "invalid")
  const troubles = invalid.map(({ reason, cause }) => ({ reason, message: cause }))
  const highest = highestOf(proposals)
  const [first] = invalid
  // A metric that is silent might have asked for more than those that want less.
  if (highest === undefined || (first && highest.replicas < current)) {
    const told = first
      ? `invalid metrics (${invalid.length} invalid out of ${proposals.length}), first error is: ${first.message}`
      : "no metrics"
    const marks = first
      ? [seen, inactive(first.reason, `the HPA was unable to compute the replica count: ${first.cause}`)]
      : [seen]
    return { marks, metrics, memory, troubles: [...troubles, failedToCompute(told)] }
  }
  const bounds = { least: spec.minReplicas ?? 1, most: spec.maxReplicas }
  const verdict = calm(highest.replicas, current, spec.behavior, bounds, memory, nowMs)
  const reason = highest.replicas > current ? `${highest.metric} above target` : "All metrics below target"
  return {
    marks: [seen, activeBy(highest.metric), ...calmed(verdict)],
    metrics,
    memory: withWish(memory, highest.replicas, nowMs),
    troubles,
    ...(verdict.replicas !== current && { rescale: { replicas: verdict.replicas, reason } }),
  }
}

function highestOf(proposals: readonly Proposal[]): (Proposal & { kind: "wanted" }) | undefined {
  let highest: (Proposal & { kind: "wanted" }) | undefined
  for (const proposal of proposals) {
    if (proposal.kind === "wanted" && proposal.replicas > (highest?.replicas ?? -1)) highest = proposal
  }
  return highest
}

function failedToCompute(message: string): { reason: string; message: string } {
  return { reason: "FailedComputeMetricsReplicas", message }
}
