import * as z from "zod"
import { containerNames, imageNames } from "../apps/template-summary.ts"
import { age } from "../column.ts"
import { atomicMap, coreType, defaulted, int32, int64, mapList, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { labelsText } from "../meta/selector-text.ts"
import { PodTemplateSpec } from "./pod-template.ts"

export const ReplicationControllerCondition = coreType(
  "ReplicationControllerCondition",
  "One aspect of a replication controller's state.",
  z.object({
    type: required(text, "ReplicaFailure."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const ReplicationControllerSpec = coreType(
  "ReplicationControllerSpec",
  "What a replication controller should be.",
  z.object({
    replicas: defaulted(int32, 1, "How many pods."),
    minReadySeconds: defaulted(int32, 0, "Seconds that a new pod must be ready to count."),
    selector: optional(textMap, "Labels of the pods that belong to it; the template's when absent.", atomicMap),
    template: optional(PodTemplateSpec, "The pods that it makes."),
  }),
)
export const ReplicationControllerStatus = coreType(
  "ReplicationControllerStatus",
  "What a replication controller is doing.",
  z.object({
    replicas: required(int32, "Pods."),
    fullyLabeledReplicas: optional(int32, "Pods with all labels of the template."),
    readyReplicas: optional(int32, "Pods that are ready."),
    availableReplicas: optional(int32, "Pods ready for long enough."),
    observedGeneration: optional(int64, "Generation that the status is about."),
    conditions: optional(z.array(ReplicationControllerCondition), "Aspects of its state.", mapList("type")),
  }),
)

export const ReplicationController = defineKind({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  shortNames: ["rc"],
  categories: ["all"],
  description: "ReplicationController keeps a number of equal pods; ReplicaSet is its successor.",
  schema: z.object({
    spec: required(ReplicationControllerSpec, "What the replication controller should be."),
    status: optional(ReplicationControllerStatus, "What the replication controller is doing."),
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
    { name: "Selector", type: "string", priority: 1, value: ({ spec }) => labelsText(spec?.selector) },
  ],
})
export type ReplicationController = KindOf<typeof ReplicationController>
