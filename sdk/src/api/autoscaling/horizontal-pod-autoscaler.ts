import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, defaulted, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { Quantity } from "../meta/quantity.ts"
import { CrossVersionObjectReference, MetricSpec, MetricStatus } from "./metric.ts"
import { targetsText } from "./metric-summary.ts"

const v2 = "io.k8s.api.autoscaling.v2."

export const HPAScalingPolicy = named(
  `${v2}HPAScalingPolicy`,
  "How much may change in a time.",
  z.object({
    type: required(text, "Pods or Percent."),
    value: required(int32, "How many."),
    periodSeconds: required(int32, "In so many seconds, 1 to 1800."),
  }),
)
export const HPAScalingRules = named(
  `${v2}HPAScalingRules`,
  "How fast the number of pods may change in one direction.",
  z.object({
    stabilizationWindowSeconds: optional(int32, "Seconds whose most careful wish counts, 0 to 3600."),
    selectPolicy: optional(text, "Which policy counts: Max, Min, or Disabled for none."),
    policies: optional(z.array(HPAScalingPolicy), "How much may change.", atomicList),
    tolerance: optional(Quantity, "Share by which a metric may be off without a change."),
  }),
)
export const HorizontalPodAutoscalerBehavior = named(
  `${v2}HorizontalPodAutoscalerBehavior`,
  "How fast the number of pods may change.",
  z.object({
    scaleUp: optional(HPAScalingRules, "To more."),
    scaleDown: optional(HPAScalingRules, "To fewer."),
  }),
)
export const HorizontalPodAutoscalerSpec = named(
  `${v2}HorizontalPodAutoscalerSpec`,
  "What is scaled, by what.",
  z.object({
    scaleTargetRef: required(CrossVersionObjectReference, "What is scaled."),
    minReplicas: defaulted(int32, 1, "Pods that there are at least."),
    maxReplicas: required(int32, "Pods that there are at most."),
    metrics: optional(z.array(MetricSpec), "What the number follows; 80 % of the CPU when absent.", atomicList),
    behavior: optional(HorizontalPodAutoscalerBehavior, "How fast the number may change."),
  }),
)
export const HorizontalPodAutoscalerCondition = named(
  `${v2}HorizontalPodAutoscalerCondition`,
  "One aspect of an autoscaler's state.",
  z.object({
    type: required(text, "ScalingActive, AbleToScale or ScalingLimited."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const HorizontalPodAutoscalerStatus = named(
  `${v2}HorizontalPodAutoscalerStatus`,
  "What an autoscaler sees and wants.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    lastScaleTime: optional(Time, "When the number of pods was last changed."),
    currentReplicas: defaulted(int32, 0, "Pods that there are."),
    desiredReplicas: required(int32, "Pods that there should be."),
    currentMetrics: optional(z.array(MetricStatus), "What the metrics are.", atomicList),
    conditions: optional(z.array(HorizontalPodAutoscalerCondition), "Aspects of its state.", mapList("type")),
  }),
)

export const HorizontalPodAutoscaler = defineKind({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  description: "HorizontalPodAutoscaler makes the number of pods follow metrics.",
  schema: z.object({
    spec: required(HorizontalPodAutoscalerSpec, "What is scaled, by what."),
    status: optional(HorizontalPodAutoscalerStatus, "What the autoscaler sees and wants."),
  }),
  subresources: { status: true },
  columns: [
    {
      name: "Reference",
      type: "string",
      value: ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`,
    },
    {
      name: "Targets",
      type: "string",
      value: ({ spec, status }) => targetsText(spec?.metrics ?? [], status?.currentMetrics ?? []),
    },
    { name: "MinPods", type: "string", value: ({ spec }) => String(spec?.minReplicas ?? "<unset>") },
    { name: "MaxPods", type: "integer", value: ({ spec }) => spec?.maxReplicas ?? 0 },
    { name: "Replicas", type: "integer", value: ({ status }) => status?.currentReplicas ?? 0 },
    age,
  ],
})
export type HorizontalPodAutoscaler = KindOf<typeof HorizontalPodAutoscaler>
