import * as z from "zod"
import { age } from "../column.ts"
import { defaulted, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Condition } from "../meta/condition.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"

export const PodDisruptionBudgetSpec = named(
  "io.k8s.api.policy.v1.PodDisruptionBudgetSpec",
  "How many of which pods may be taken away.",
  z.object({
    minAvailable: optional(IntOrString, "Pods that must stay."),
    selector: optional(LabelSelector, "The pods; all of the namespace when empty, none when absent.", {
      "x-kubernetes-patch-strategy": "replace",
    }),
    maxUnavailable: optional(IntOrString, "Pods that may be missing; instead of minAvailable."),
    unhealthyPodEvictionPolicy: optional(
      text,
      "Pods that run and are not ready: IfHealthyBudget guards them too, AlwaysAllow does not.",
    ),
  }),
)
export const PodDisruptionBudgetStatus = named(
  "io.k8s.api.policy.v1.PodDisruptionBudgetStatus",
  "How many pods may be taken away now.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    disruptedPods: optional(z.record(text, Time), "Pods that are being taken away, and since when."),
    disruptionsAllowed: required(int32, "Pods that may be taken away now."),
    currentHealthy: required(int32, "Pods that are healthy."),
    desiredHealthy: required(int32, "Healthy pods that there must be."),
    expectedPods: required(int32, "Pods that the budget counts."),
    conditions: optional(z.array(Condition), "Aspects of its state.", mapList("type")),
  }),
)

export const PodDisruptionBudget = defineKind({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  shortNames: ["pdb"],
  description: "PodDisruptionBudget says how many pods may be taken away at a time.",
  schema: z.object({
    spec: defaulted(PodDisruptionBudgetSpec, {}, "How many of which pods may be taken away."),
    status: optional(PodDisruptionBudgetStatus, "How many may be taken away now."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Min Available", type: "string", value: ({ spec }) => String(spec?.minAvailable ?? "N/A") },
    { name: "Max Unavailable", type: "string", value: ({ spec }) => String(spec?.maxUnavailable ?? "N/A") },
    { name: "Allowed Disruptions", type: "integer", value: ({ status }) => status?.disruptionsAllowed ?? 0 },
    age,
  ],
})
export type PodDisruptionBudget = KindOf<typeof PodDisruptionBudget>
