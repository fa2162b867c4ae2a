import * as z from "zod"
import { applyMapList, coreType, optional, required, text } from "../field.ts"
import { Quantity } from "../meta/quantity.ts"

/** Amounts by resource: `{ cpu: "500m", memory: "128Mi" }`. */
export const ResourceList = z.record(text, Quantity)
export type ResourceList = z.output<typeof ResourceList>

export const ResourceClaim = coreType(
  "ResourceClaim",
  "A claim of the pod that a container uses.",
  z.object({
    name: required(text, "Name of the claim in the pod."),
    request: optional(text, "Name of the request in the claim; all of it when absent."),
  }),
)

export const ResourceRequirements = coreType(
  "ResourceRequirements",
  "What a container needs and may at most use.",
  z.object({
    limits: optional(ResourceList, "At most this much."),
    requests: optional(ResourceList, "At least this much; the limit when absent."),
    claims: optional(z.array(ResourceClaim), "Claims that are used.", applyMapList("name")),
  }),
)
export type ResourceRequirements = z.output<typeof ResourceRequirements>
