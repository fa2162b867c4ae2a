import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { withCondition } from "@wick/sdk/api/meta/condition"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { Verdict } from "./calm.ts"

export type Condition = NonNullable<NonNullable<HorizontalPodAutoscaler["status"]>["conditions"]>[number]
export type Mark = Pick<Condition, "type" | "status"> & { readonly reason: string; readonly message: string }

export function withMarks(before: readonly Condition[], marks: readonly Mark[], nowMs: number): Condition[] {
  let conditions = [...before]
  for (const mark of marks) conditions = withCondition<Condition>(conditions, mark, formatTime(nowMs))
  return conditions
}

export const seen: Mark = {
  type: "AbleToScale",
  status: "True",
  reason: "SucceededGetScale",
  message: "the HPA controller was able to get the target's current scale",
}

export function unseen(message: string): Mark {
  const told = `the HPA controller was unable to get the target's current scale: ${message}`
  return { type: "AbleToScale", status: "False", reason: "FailedGetScale", message: told }
}

export function rescaled(replicas: number): Mark {
  const message = `the HPA controller was able to update the target scale to ${replicas}`
  return { type: "AbleToScale", status: "True", reason: "SucceededRescale", message }
}

export function notRescaled(error: string): Mark {
  const message = `the HPA controller was unable to update the target scale: ${error}`
  return { type: "AbleToScale", status: "False", reason: "FailedUpdateScale", message }
}

export function inactive(reason: string, message: string): Mark {
  return { type: "ScalingActive", status: "False", reason, message }
}

export function activeBy(metric: string): Mark {
  const message = `the HPA was able to successfully calculate a replica count from ${metric}`
  return { type: "ScalingActive", status: "True", reason: "ValidMetricFound", message }
}

const limitTexts: Record<NonNullable<Verdict["limit"]>, string> = {
  ScaleUpLimit: "the desired replica count is increasing faster than the maximum scale rate",
  ScaleDownLimit: "the desired replica count is decreasing faster than the maximum scale rate",
  TooManyReplicas: "the desired replica count is more than the maximum replica count",
  TooFewReplicas: "the desired replica count is less than the minimum replica count",
}

export function calmed({ stabilized, limit }: Verdict): Mark[] {
  const able = { type: "AbleToScale", status: "True" } as const
  const limited = { type: "ScalingLimited" } as const
  const range = { reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" }
  return [
    stabilized === undefined
      ? { ...able, reason: "ReadyForNewScale", message: "recommended size matches current size" }
      : {
          ...able,
          reason: stabilized === "up" ? "ScaleUpStabilized" : "ScaleDownStabilized",
          message:
            stabilized === "up"
              ? "recent recommendations were lower than current one, applying the lowest recent recommendation"
              : "recent recommendations were higher than current one, applying the highest recent recommendation",
        },
    limit === undefined
      ? { ...limited, status: "False", ...range }
      : { ...limited, status: "True", reason: limit, message: limitTexts[limit] },
  ]
}
