import type { MetricSpec, MetricStatus } from "@wick/sdk/api/autoscaling/metric"
import type { Pod } from "@wick/sdk/api/core/pod"
import { formatQuantity, milliUnits, type Quantity } from "@wick/sdk/api/meta/quantity"
import { type Answer, perPodReplicas } from "./per-pod-replicas.ts"
import type { PodValues, Reading } from "./reading.ts"
import type { Tolerance } from "./tolerance.ts"
import { shareReplicas, valueReplicas } from "./whole-replicas.ts"
import { averageAgainst, requestsOf, utilizationAgainst } from "./yardsticks.ts"

/** What there is of the thing that is scaled. */
export interface ScaleSeen {
  readonly currentReplicas: number
  readonly statusReplicas: number
  readonly pods: readonly Pod[]
  readonly tolerance: Tolerance
  readonly nowMs: number
}

/** What one metric asks for, or why it cannot ask. */
export type Proposal =
  | { readonly kind: "wanted"; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | { readonly kind: "invalid"; readonly reason: string; readonly cause: string; readonly message: string }

type Source = NonNullable<MetricSpec["resource"]> & { readonly container?: string }
type Current = NonNullable<MetricStatus["resource"]>["current"]

export function propose(metric: MetricSpec, reading: Reading, seen: ScaleSeen): Proposal {
  const { type, resource, containerResource, pods, object, external } = metric
  if (type === "Resource" && resource) return ofResource(type, resource, reading, seen)
  if (type === "ContainerResource" && containerResource) return ofResource(type, containerResource, reading, seen)
  if (type === "Pods" && pods) return ofPods(pods, reading, seen)
  if (type === "Object" && object) return ofObject(object, reading, seen)
  if (type === "External" && external) return ofExternal(external, reading, seen)
  const cause = `unknown metric source type "${type}"`
  return { kind: "invalid", reason: "InvalidMetricSourceType", cause, message: cause }
}

function ofResource(
  type: "Resource" | "ContainerResource",
  { name, container, target }: Source,
  reading: Reading,
  seen: ScaleSeen,
): Proposal {
  const { averageUtilization, averageValue } = target
  const failed = (message: string): Proposal => {
    const what = averageUtilization === undefined ? "usage" : "utilization"
    const cause = `failed to get ${name} ${what}: ${message}`
    const told = `failed to get ${name} ${type === "Resource" ? "resource" : "container"} metric value: ${cause}`
    return { kind: "invalid", reason: `FailedGet${type}Metric`, cause, message: told }
  }
  if (reading.kind === "failed") return failed(`unable to get metrics for resource ${name}: ${reading.message}`)
  const values = valuesOf(reading)
  const answer: Answer<{ percent?: number; averageMilli: number }> =
    averageUtilization === undefined
      ? averageReplicas(values, averageValue ?? 0, name, seen)
      : utilizationReplicas(values, averageUtilization, name, container, seen)
  if (answer.kind === "unknown") return failed(answer.message)
  const current: Current = {
    ...(answer.seen.percent !== undefined && { averageUtilization: answer.seen.percent }),
    averageValue: quantity(answer.seen.averageMilli),
  }
  const status =
    type === "Resource"
      ? { type, resource: { name, current } }
      : { type, containerResource: { name, container: container ?? "", current } }
  const suffix = averageUtilization === undefined ? "" : " utilization (percentage of request)"
  const title = `${name} ${type === "Resource" ? "resource" : "container resource"}${suffix}`
  return { kind: "wanted", replicas: answer.replicas, metric: title, status }
}

function utilizationReplicas(
  values: PodValues,
  percent: number,
  resource: string,
  container: string | undefined,
  seen: ScaleSeen,
): Answer<{ percent: number; averageMilli: number }> {
  const requests = requestsOf(seen.pods, resource, container)
  if (typeof requests === "string") return { kind: "unknown", message: requests }
  return perPodReplicas({ ...seen, values, resource }, utilizationAgainst(percent, requests))
}

function averageReplicas(
  values: PodValues,
  target: Quantity,
  resource: string,
  seen: ScaleSeen,
): Answer<{ averageMilli: number }> {
  return perPodReplicas({ ...seen, values, resource }, averageAgainst(milliUnits(target)))
}

function ofPods({ metric, target }: NonNullable<MetricSpec["pods"]>, reading: Reading, seen: ScaleSeen): Proposal {
  const failed = invalid(
    "FailedGetPodsMetric",
    "failed to get pods metric value",
    `unable to get metric ${metric.name}`,
  )
  if (reading.kind === "failed") return failed(reading.message)
  const answer = averageReplicas(valuesOf(reading), target.averageValue ?? 0, "", seen)
  if (answer.kind === "unknown") return failed(answer.message)
  const status = { type: "Pods", pods: { metric, current: { averageValue: quantity(answer.seen.averageMilli) } } }
  return { kind: "wanted", replicas: answer.replicas, metric: `pods metric ${metric.name}`, status }
}

function ofObject(
  { metric, describedObject, target }: NonNullable<MetricSpec["object"]>,
  reading: Reading,
  seen: ScaleSeen,
): Proposal {
  const whom = `${describedObject.kind} ${describedObject.name}`
  const failed = invalid(
    "FailedGetObjectMetric",
    "failed to get object metric value",
    `unable to get metric ${metric.name}`,
  )
  const answer = ofFigure(target, reading, seen)
  if (typeof answer === "string") return failed(`${answer} on ${whom}`)
  const status = { type: "Object", object: { metric, describedObject, current: answer.current } }
  return { kind: "wanted", replicas: answer.replicas, metric: `${whom} metric ${metric.name}`, status }
}

function ofExternal(
  { metric, target }: NonNullable<MetricSpec["external"]>,
  reading: Reading,
  seen: ScaleSeen,
): Proposal {
  const title = `external metric ${metric.name}(${JSON.stringify(metric.selector ?? null)})`
  const failed = invalid(
    "FailedGetExternalMetric",
    `failed to get ${metric.name} external metric value`,
    `unable to get ${title}`,
  )
  const answer = ofFigure(target, reading, seen)
  if (typeof answer === "string") return failed(answer)
  const status = { type: "External", external: { metric, current: answer.current } }
  return { kind: "wanted", replicas: answer.replicas, metric: title, status }
}

/** One figure for all pods, held against a target of the same sort or against one per pod. */
function ofFigure(
  { value, averageValue }: Source["target"],
  reading: Reading,
  seen: ScaleSeen,
): { replicas: number; current: Current } | string {
  if (reading.kind === "failed") return reading.message
  if (reading.kind !== "whole") return "the metric tells of pods, and not of the whole"
  const question = { ...seen, milli: reading.milli }
  if (averageValue !== undefined) {
    const { replicas, averageMilli } = shareReplicas(question, milliUnits(averageValue))
    return { replicas, current: { averageValue: quantity(averageMilli) } }
  }
  const answer = valueReplicas(question, milliUnits(value ?? 0))
  if (answer.kind === "unknown") return answer.message
  return { replicas: answer.replicas, current: { value: quantity(reading.milli) } }
}

function invalid(reason: string, told: string, prefix: string): (message: string) => Proposal {
  return (message) => {
    const cause = `${prefix}: ${message}`
    return { kind: "invalid", reason, cause, message: `${told}: ${cause}` }
  }
}

function valuesOf(reading: Reading): PodValues {
  return reading.kind === "per-pod" ? reading.values : new Map()
}

function quantity(milli: number): string {
  return formatQuantity(BigInt(Math.round(milli)) * 1_000_000n)
}
