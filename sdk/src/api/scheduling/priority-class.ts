import * as z from "zod"
import { age } from "../column.ts"
import { defaulted, flag, int32, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const PriorityClass = defineKind({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  shortNames: ["pc"],
  namespaced: false,
  description: "PriorityClass gives a name to how important pods are.",
  schema: z.object({
    value: required(int32, "The larger, the more important."),
    globalDefault: optional(flag, "Whether pods that name no class are of this one."),
    description: optional(text, "When to use it."),
    preemptionPolicy: defaulted(
      text,
      "PreemptLowerPriority",
      "Whether its pods take the place of less important ones: PreemptLowerPriority or Never.",
    ),
  }),
  columns: [
    { name: "Value", type: "integer", jsonPath: ".value" },
    { name: "Global-Default", type: "boolean", value: ({ globalDefault }) => globalDefault ?? false },
    age,
    { name: "PreemptionPolicy", type: "string", jsonPath: ".preemptionPolicy" },
  ],
})
export type PriorityClass = KindOf<typeof PriorityClass>
