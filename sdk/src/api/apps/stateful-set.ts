import * as z from "zod"
import { age } from "../column.ts"
import { PersistentVolumeClaim } from "../core/persistent-volume-claim.ts"
import { PodTemplateSpec } from "../core/pod-template.ts"
import { atomicList, defaulted, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"
import { objectOf } from "../object-of.ts"
import { containerNames, imageNames } from "./template-summary.ts"

const apps = "io.k8s.api.apps.v1."
export const RollingUpdateStatefulSetStrategy = named(
  `${apps}RollingUpdateStatefulSetStrategy`,
  "How far and how fast pods are replaced.",
  z.object({
    partition: optional(int32, "Ordinal from which on pods are replaced."),
    maxUnavailable: optional(IntOrString, "Pods that may be missing meanwhile."),
  }),
)
export const StatefulSetUpdateStrategy = named(
  `${apps}StatefulSetUpdateStrategy`,
  "How old pods are replaced by new ones.",
  z.object({
    type: optional(text, "RollingUpdate, or OnDelete to wait until a pod is deleted."),
    rollingUpdate: optional(RollingUpdateStatefulSetStrategy, "How far and fast, for RollingUpdate."),
  }),
)
export const StatefulSetPersistentVolumeClaimRetentionPolicy = named(
  `${apps}StatefulSetPersistentVolumeClaimRetentionPolicy`,
  "What becomes of the claims.",
  z.object({
    whenDeleted: optional(text, "When the set is deleted: Retain or Delete."),
    whenScaled: optional(text, "When the set has fewer pods: Retain or Delete."),
  }),
)
export const StatefulSetOrdinals = named(
  `${apps}StatefulSetOrdinals`,
  "How pods are numbered.",
  z.object({ start: defaulted(int32, 0, "Number of the first.") }),
)
export const StatefulSetCondition = named(
  `${apps}StatefulSetCondition`,
  "One aspect of a stateful set's state.",
  z.object({
    type: required(text, "Which aspect."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)

const historyDefault = 10
export const StatefulSetSpec = named(
  `${apps}StatefulSetSpec`,
  "What a stateful set should be.",
  z.object({
    replicas: defaulted(int32, 1, "How many pods."),
    selector: required(LabelSelector, "The pods that belong to it; cannot change."),
    template: required(PodTemplateSpec, "The pods that it makes."),
    volumeClaimTemplates: optional(z.array(objectOf(PersistentVolumeClaim)), "Claims that every pod gets.", atomicList),
    serviceName: optional(text, "Headless Service that gives the pods their names."),
    podManagementPolicy: defaulted(text, "OrderedReady", "OrderedReady one by one, or Parallel."),
    updateStrategy: defaulted(StatefulSetUpdateStrategy, { type: "RollingUpdate" }, "How pods are replaced."),
    revisionHistoryLimit: defaulted(int32, historyDefault, "Old ControllerRevisions to keep."),
    minReadySeconds: optional(int32, "Seconds that a new pod must be ready to count."),
    persistentVolumeClaimRetentionPolicy: optional(
      StatefulSetPersistentVolumeClaimRetentionPolicy,
      "What becomes of the claims.",
    ),
    ordinals: optional(StatefulSetOrdinals, "How pods are numbered."),
  }),
)
export const StatefulSetStatus = named(
  `${apps}StatefulSetStatus`,
  "What a stateful set is doing.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    replicas: required(int32, "Pods."),
    readyReplicas: optional(int32, "Pods that are ready."),
    currentReplicas: optional(int32, "Pods of the current revision."),
    updatedReplicas: optional(int32, "Pods of the update's revision."),
    currentRevision: optional(text, "Revision of the pods that are not updated."),
    updateRevision: optional(text, "Revision of the pods that are."),
    collisionCount: optional(int32, "Collisions of the revision's hash."),
    conditions: optional(z.array(StatefulSetCondition), "Aspects of its state.", mapList("type")),
    availableReplicas: defaulted(int32, 0, "Pods ready for long enough."),
  }),
)

export const StatefulSet = defineKind({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  shortNames: ["sts"],
  categories: ["all"],
  description: "StatefulSet keeps pods that each have a name and storage of their own.",
  schema: z.object({
    spec: required(StatefulSetSpec, "What the stateful set should be."),
    status: optional(StatefulSetStatus, "What the stateful set is doing."),
  }),
  subresources: {
    status: true,
    scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  },
  columns: [
    {
      name: "Ready",
      type: "string",
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
    },
    age,
    { name: "Containers", type: "string", priority: 1, value: containerNames },
    { name: "Images", type: "string", priority: 1, value: imageNames },
  ],
})
export type StatefulSet = KindOf<typeof StatefulSet>
