import * as z from "zod"
import { int32, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const Scale = defineKind({
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  plural: "scales",
  description: "Scale is how many replicas an object should have and has.",
  schema: z.object({
    spec: optional(
      named(
        "io.k8s.api.autoscaling.v1.ScaleSpec",
        "How many replicas there should be.",
        z.object({ replicas: optional(int32, "The number.") }),
      ),
      "How many there should be.",
    ),
    status: optional(
      named(
        "io.k8s.api.autoscaling.v1.ScaleStatus",
        "How many replicas there are.",
        z.object({ replicas: required(int32, "The number."), selector: optional(text, "Selector of the pods.") }),
      ),
      "How many there are.",
    ),
  }),
})
export type Scale = KindOf<typeof Scale>
