import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, coreType, mapList, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"

export const NamespaceCondition = coreType(
  "NamespaceCondition",
  "One aspect of a namespace's deletion.",
  z.object({
    type: required(text, "Which aspect."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const Namespace = defineKind({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  description: "Namespace is a scope for names.",
  schema: z.object({
    spec: optional(
      coreType(
        "NamespaceSpec",
        "What a namespace should be.",
        z.object({ finalizers: optional(texts, "Who must agree to its removal.", atomicList) }),
      ),
      "What the namespace should be.",
    ),
    status: optional(
      coreType(
        "NamespaceStatus",
        "Where a namespace stands in its life.",
        z.object({
          phase: optional(z.enum(["Active", "Terminating"]), "Active or Terminating."),
          conditions: optional(z.array(NamespaceCondition), "What hinders its removal.", mapList("type")),
        }),
      ),
      "Where the namespace stands in its life.",
    ),
  }),
  subresources: { status: true },
  selectableFields: ["status.phase"],
  columns: [{ name: "Status", type: "string", value: (namespace) => namespace.status?.phase ?? "" }, age],
})
export type Namespace = KindOf<typeof Namespace>
