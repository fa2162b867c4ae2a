import * as z from "zod"
import { ObjectReference } from "../core/object-reference.ts"
import { int32, int64, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields } from "../serving/status.ts"

export const PodAutoscaler = defineKind({
  group: "autoscaling.internal.knative.dev",
  version: "v1alpha1",
  kind: "PodAutoscaler",
  plural: "podautoscalers",
  shortNames: ["kpa", "pa"],
  categories: ["knative-internal", "autoscaling"],
  openapiName: "dev.knative.internal.autoscaling.v1alpha1.PodAutoscaler",
  description: "PodAutoscaler says what is scaled by load and where that stands.",
  schema: z.object({
    spec: required(
      z.object({
        scaleTargetRef: required(ObjectReference, "What is scaled."),
        containerConcurrency: optional(int64, "Requests that a pod serves at a time; 0 is no limit."),
        reachability: optional(text, "Reachable, Unreachable, or empty while that is unknown."),
        protocolType: required(text, "http1 or h2c."),
      }),
      "What is scaled.",
    ),
    status: optional(
      z.object({
        ...servingStatusFields,
        serviceName: optional(text, "Service with the revision's pods."),
        metricsServiceName: optional(text, "Service whose pods are measured."),
        desiredScale: optional(int32, "Pods that should run."),
        actualScale: optional(int32, "Pods that run."),
      }),
      "Where scaling stands.",
    ),
  }),
  subresources: { status: true },
  columns: [
    { name: "DesiredScale", type: "integer", jsonPath: ".status.desiredScale" },
    { name: "ActualScale", type: "integer", jsonPath: ".status.actualScale" },
    ...readyColumns,
  ],
})
export type PodAutoscaler = KindOf<typeof PodAutoscaler>
