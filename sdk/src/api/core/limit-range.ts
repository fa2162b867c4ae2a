import * as z from "zod"
import { atomicList, coreType, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ResourceList } from "./resources.ts"

export const LimitRangeItem = coreType(
  "LimitRangeItem",
  "Bounds of one type of thing.",
  z.object({
    type: required(text, "Container, Pod or PersistentVolumeClaim."),
    max: optional(ResourceList, "At most this much."),
    min: optional(ResourceList, "At least this much."),
    default: optional(ResourceList, "Limits of a container that gives none."),
    defaultRequest: optional(ResourceList, "Requests of a container that gives none."),
    maxLimitRequestRatio: optional(ResourceList, "At most this many times the request may be the limit."),
  }),
)
export type LimitRangeItem = z.output<typeof LimitRangeItem>

export const LimitRangeSpec = coreType(
  "LimitRangeSpec",
  "Bounds of what is made in a namespace.",
  z.object({ limits: required(z.array(LimitRangeItem), "The bounds.", atomicList) }),
)

export const LimitRange = defineKind({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  shortNames: ["limits"],
  description: "LimitRange bounds what single pods, containers and claims of a namespace may ask for.",
  schema: z.object({ spec: optional(LimitRangeSpec, "The bounds.") }),
  columns: [{ name: "Created At", type: "date", value: ({ metadata }) => metadata.creationTimestamp ?? "" }],
})
export type LimitRange = KindOf<typeof LimitRange>
