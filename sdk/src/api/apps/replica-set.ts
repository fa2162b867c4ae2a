import * as z from "zod"
import { age } from "../column.ts"
import { PodTemplateSpec } from "../core/pod-template.ts"
import { defaulted, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"
import { formatSelector } from "../meta/selector-text.ts"
import { containerNames, imageNames } from "./template-summary.ts"

export const ReplicaSetCondition = named(
  "io.k8s.api.apps.v1.ReplicaSetCondition",
  "One aspect of a replica set's state.",
  z.object({
    type: required(text, "ReplicaFailure."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const ReplicaSetSpec = named(
  "io.k8s.api.apps.v1.ReplicaSetSpec",
  "What a replica set should be.",
  z.object({
    replicas: defaulted(int32, 1, "How many pods."),
    minReadySeconds: optional(int32, "Seconds that a new pod must be ready to count."),
    selector: required(LabelSelector, "The pods that belong to it; cannot change."),
    template: optional(PodTemplateSpec, "The pods that it makes."),
  }),
)
export const ReplicaSetStatus = named(
  "io.k8s.api.apps.v1.ReplicaSetStatus",
  "What a replica set is doing.",
  z.object({
    replicas: required(int32, "Pods."),
    fullyLabeledReplicas: optional(int32, "Pods with all labels of the template."),
    readyReplicas: optional(int32, "Pods that are ready."),
    availableReplicas: optional(int32, "Pods ready for long enough."),
    terminatingReplicas: optional(int32, "Pods that are ending."),
    observedGeneration: optional(int64, "Generation that the status is about."),
    conditions: optional(z.array(ReplicaSetCondition), "Aspects of its state.", mapList("type")),
  }),
)
export type ReplicaSetStatus = z.output<typeof ReplicaSetStatus>

export const ReplicaSet = defineKind({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  description: "ReplicaSet keeps a number of equal pods.",
  schema: z.object({
    spec: required(ReplicaSetSpec, "What the replica set should be."),
    status: optional(ReplicaSetStatus, "What the replica set is doing."),
  }),
  subresources: {
    status: true,
    scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  },
  selectableFields: ["status.replicas"],
  fieldTexts: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    { name: "Desired", type: "integer", value: ({ spec }) => spec?.replicas ?? 1 },
    { name: "Current", type: "integer", value: ({ status }) => status?.replicas ?? 0 },
    { name: "Ready", type: "integer", value: ({ status }) => status?.readyReplicas ?? 0 },
    age,
    { name: "Containers", type: "string", priority: 1, value: containerNames },
    { name: "Images", type: "string", priority: 1, value: imageNames },
    { name: "Selector", type: "string", priority: 1, value: ({ spec }) => formatSelector(spec?.selector ?? {}) },
  ],
})
export type ReplicaSet = KindOf<typeof ReplicaSet>
