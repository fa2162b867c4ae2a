import * as z from "zod"
import { age } from "../column.ts"
import { defaulted, int32, int64, named, optional, required, text } from "../field.ts"
import { defineKind } from "../kind.ts"
import { Time } from "../meta/object-meta.ts"

const v1 = "io.k8s.api.autoscaling.v1."
const CrossVersionObjectReference = named(
  `${v1}CrossVersionObjectReference`,
  "Names an object, in whichever version.",
  z.object({
    kind: required(text, "Kind of the object."),
    name: required(text, "Name of the object."),
    apiVersion: optional(text, "API version of the object."),
  }),
  { "x-kubernetes-map-type": "atomic" },
)
const HorizontalPodAutoscalerSpec = named(
  `${v1}HorizontalPodAutoscalerSpec`,
  "What is scaled by the use of CPU.",
  z.object({
    scaleTargetRef: required(CrossVersionObjectReference, "What is scaled."),
    minReplicas: defaulted(int32, 1, "Pods that there are at least."),
    maxReplicas: required(int32, "Pods that there are at most."),
    targetCPUUtilizationPercentage: optional(int32, "Percent of the requested CPU that should be used."),
  }),
)
const HorizontalPodAutoscalerStatus = named(
  `${v1}HorizontalPodAutoscalerStatus`,
  "What an autoscaler sees and wants.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    lastScaleTime: optional(Time, "When the number of pods was last changed."),
    currentReplicas: required(int32, "Pods that there are."),
    desiredReplicas: required(int32, "Pods that there should be."),
    currentCPUUtilizationPercentage: optional(int32, "Percent of the requested CPU that is used."),
  }),
)

interface Seen {
  readonly spec?: z.output<typeof HorizontalPodAutoscalerSpec> | undefined
  readonly status?: z.output<typeof HorizontalPodAutoscalerStatus> | undefined
}
function targetText({ spec, status }: Seen): string {
  const current = status?.currentCPUUtilizationPercentage
  const target = spec?.targetCPUUtilizationPercentage
  if (target === undefined) return "<none>"
  return `cpu: ${current === undefined ? "<unknown>" : `${current}%`}/${target}%`
}

/** The older face of `autoscaling/v2`: what it has no field for stands in annotations. */
export const HorizontalPodAutoscalerV1 = defineKind({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  description: "HorizontalPodAutoscaler makes the number of pods follow the use of CPU.",
  schema: z.object({
    spec: required(HorizontalPodAutoscalerSpec, "What is scaled by the use of CPU."),
    status: optional(HorizontalPodAutoscalerStatus, "What the autoscaler sees and wants."),
  }),
  subresources: { status: true },
  columns: [
    {
      name: "Reference",
      type: "string",
      value: ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`,
    },
    { name: "Targets", type: "string", value: targetText },
    { name: "MinPods", type: "string", value: ({ spec }) => String(spec?.minReplicas ?? "<unset>") },
    { name: "MaxPods", type: "integer", value: ({ spec }) => spec?.maxReplicas ?? 0 },
    { name: "Replicas", type: "integer", value: ({ status }) => status?.currentReplicas ?? 0 },
    age,
  ],
})
