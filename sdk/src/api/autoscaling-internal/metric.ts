import * as z from "zod"
import { int64, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields } from "../serving/status.ts"

export const Metric = defineKind({
  group: "autoscaling.internal.knative.dev",
  version: "v1alpha1",
  kind: "Metric",
  plural: "metrics",
  categories: ["knative-internal", "autoscaling"],
  openapiName: "dev.knative.internal.autoscaling.v1alpha1.Metric",
  description: "Metric says over which windows a revision's load is looked at.",
  schema: z.object({
    spec: required(
      z.object({
        stableWindow: required(int64, "Nanoseconds of the window in steady times."),
        panicWindow: required(int64, "Nanoseconds of the window that finds sudden load."),
        scrapeTarget: required(text, "Service whose pods the load is of."),
      }),
      "What is measured.",
    ),
    status: optional(z.object({ ...servingStatusFields }), "Whether it is measured."),
  }),
  subresources: { status: true },
  columns: readyColumns,
})
export type Metric = KindOf<typeof Metric>
