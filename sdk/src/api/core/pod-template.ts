import * as z from "zod"
import { coreType, optional, required } from "../field.ts"
import { ObjectMeta } from "../meta/object-meta.ts"
import { PodSpec } from "./pod-spec.ts"

export const PodTemplateSpec = coreType(
  "PodTemplateSpec",
  "The pods that a controller makes.",
  z.object({
    metadata: optional(ObjectMeta, "Labels and annotations of the pods."),
    spec: required(PodSpec, "What the pods should be."),
  }),
)
export type PodTemplateSpec = z.output<typeof PodTemplateSpec>
