import * as z from "zod"
import { anyObject, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const Eviction = defineKind({
  group: "policy",
  version: "v1",
  kind: "Eviction",
  plural: "evictions",
  description: "Eviction asks a pod to go, if its budget allows.",
  schema: z.object({ deleteOptions: optional(anyObject, "How to delete it.") }),
})
export type Eviction = KindOf<typeof Eviction>
