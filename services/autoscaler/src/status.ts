import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { ServingCondition } from "@wick/sdk/api/serving/condition"
import type { Plan } from "./revision-scaler.ts"
import type { Activity } from "./scale-to-zero.ts"
import type { ServiceSeen } from "./service-seen.ts"

/** What is written of a PodAutoscaler's status. */
export interface ScalerStatus {
  readonly observedGeneration: number
  readonly serviceName?: string
  readonly metricsServiceName?: string
  readonly desiredScale: number
  readonly actualScale: number
  readonly conditions: ServingCondition[]
}

type Judgement = Omit<ServingCondition, "type" | "lastTransitionTime">

export function statusOf(
  scaled: { generation: number; before: readonly ServingCondition[] },
  plan: Plan,
  readyPods: number,
  service: ServiceSeen,
  nowMs: number,
): ScalerStatus {
  const active = activeCondition(plan.activity)
  const initialized: Judgement = plan.initialized
    ? { status: "True" }
    : { status: "Unknown", reason: "Deploying", message: "The initial scale was not reached yet." }
  const answered = serviceCondition(service)
  return {
    observedGeneration: scaled.generation,
    ...namesOf(service),
    desiredScale: plan.replicas,
    actualScale: readyPods,
    conditions: conditionsOf({ active, initialized, answered }, scaled.before, nowMs),
  }
}

/** Whether pods that were decided on still come or go, or the revision's Services have not heard of it. */
export function isUnderWay({ desiredScale, actualScale, conditions }: ScalerStatus): boolean {
  return desiredScale !== actualScale || actualScale > 0 !== isTrue(conditions, "SKSReady")
}

/** Of a revision that a HorizontalPodAutoscaler scales: it is up as long as its Services are. */
export function resourceStatusOf(
  given: {
    readonly scaled: PodAutoscaler
    readonly counts: { readonly desiredReplicas?: number; readonly currentReplicas?: number }
    /** Somebody else has a HorizontalPodAutoscaler of that name. */
    readonly isForeign: boolean
  },
  service: ServiceSeen,
  nowMs: number,
): ScalerStatus {
  const { metadata, status } = given.scaled
  const { name, generation = 1 } = metadata
  const isReady = service.readiness.kind === "ready"
  const active: Judgement = given.isForeign
    ? {
        status: "False",
        reason: "NotOwned",
        message: `There is an existing HorizontalPodAutoscaler "${name}" that we do not own.`,
      }
    : isReady
      ? { status: "True" }
      : { status: "False", reason: "ServicesNotReady", message: "SKS Services are not ready yet" }
  const before = status?.conditions ?? []
  const initialized: Judgement =
    isReady || isInitialized(before)
      ? { status: "True" }
      : { status: "Unknown", reason: "Deploying", message: "The initial scale was not reached yet." }
  return {
    observedGeneration: generation,
    ...namesOf(service),
    desiredScale: given.counts.desiredReplicas ?? 0,
    actualScale: given.counts.currentReplicas ?? 0,
    conditions: conditionsOf({ active, initialized, answered: serviceCondition(service) }, before, nowMs),
  }
}

function namesOf({
  serviceName,
  privateServiceName,
}: ServiceSeen): Pick<ScalerStatus, "serviceName" | "metricsServiceName"> {
  return {
    ...(serviceName !== undefined && { serviceName }),
    ...(privateServiceName !== undefined && { metricsServiceName: privateServiceName }),
  }
}

function conditionsOf(
  { active, initialized, answered }: Record<"active" | "initialized" | "answered", Judgement>,
  before: readonly ServingCondition[],
  nowMs: number,
): ServingCondition[] {
  const dependents = [active, initialized, answered]
  const judged: Record<string, Judgement> = {
    Active: active,
    Ready: dependents.find(({ status }) => status === "False") ??
      dependents.find(({ status }) => status === "Unknown") ?? { status: "True" },
    SKSReady: answered,
    ScaleTargetInitialized: initialized,
  }
  return Object.entries(judged).map(([type, judgement]) => withTime(type, judgement, before, nowMs))
}

function serviceCondition({ readiness }: ServiceSeen): Judgement {
  switch (readiness.kind) {
    case "ready":
      return { status: "True" }
    case "not-ready":
      return { status: "Unknown", reason: "NotReady", message: readiness.message }
    case "foreign":
      return {
        status: "False",
        reason: "NotOwned",
        message: `There is an existing ServerlessService "${readiness.name}" that we do not own.`,
      }
  }
}

function activeCondition(activity: Activity): Judgement {
  switch (activity.kind) {
    case "active":
      return { status: "True" }
    case "activating":
      return {
        status: "Unknown",
        reason: "Queued",
        message: "Requests to the target are being buffered as resources are provisioned.",
      }
    case "inactive":
      return activity.because === "TimedOut"
        ? { status: "False", reason: "TimedOut", message: "The target could not be activated." }
        : { status: "False", reason: "NoTraffic", message: "The target is not receiving traffic." }
  }
}

/** The time says since when the status is so, and does not move with reason or message. */
function withTime(
  type: string,
  judgement: Judgement,
  before: readonly ServingCondition[],
  nowMs: number,
): ServingCondition {
  const known = before.find((condition) => condition.type === type)
  const kept = known?.status === judgement.status ? known.lastTransitionTime : undefined
  return { type, ...judgement, lastTransitionTime: kept ?? formatTime(nowMs) }
}

/**
 * Where a revision stood when another autoscaler, or this one before its restart, last wrote of it. One that is new is on
 * its way up, unless it is to begin with nothing; one whose pods were taken away before that was told is at zero.
 */
export function activityOf(
  conditions: readonly ServingCondition[],
  { initialScale, pods }: { readonly initialScale: number; readonly pods: number },
  nowMs: number,
): Activity {
  const active = conditions.find(({ type }) => type === "Active")
  const since = Date.parse(active?.lastTransitionTime ?? "")
  // The machine's clock may have been ahead when that was written.
  const sinceMs = Number.isNaN(since) ? nowMs : Math.min(since, nowMs)
  if (active === undefined && initialScale === 0) return { kind: "inactive", sinceMs, because: "NoTraffic" }
  if (active?.status === "True" && pods === 0) return { kind: "inactive", sinceMs: nowMs, because: "NoTraffic" }
  if (active?.status === "True") return { kind: "active", sinceMs }
  if (active?.status !== "False") return { kind: "activating", sinceMs }
  return { kind: "inactive", sinceMs, because: active.reason === "TimedOut" ? "TimedOut" : "NoTraffic" }
}

function isTrue(conditions: readonly ServingCondition[], name: ServingCondition["type"]): boolean {
  return conditions.some(({ type, status }) => type === name && status === "True")
}

export function isInitialized(conditions: readonly ServingCondition[]): boolean {
  return isTrue(conditions, "ScaleTargetInitialized")
}
