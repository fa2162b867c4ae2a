import * as z from "zod"
import { age } from "../column.ts"
import { PodTemplateSpec } from "../core/pod-template.ts"
import { defaulted, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"
import { formatSelector, labelsText } from "../meta/selector-text.ts"
import { containerNames, imageNames } from "./template-summary.ts"

const apps = "io.k8s.api.apps.v1."
export const RollingUpdateDaemonSet = named(
  `${apps}RollingUpdateDaemonSet`,
  "How fast pods are replaced.",
  z.object({
    maxUnavailable: defaulted(IntOrString, 1, "Pods that may be missing meanwhile."),
    maxSurge: defaulted(IntOrString, 0, "Nodes that may have two pods meanwhile."),
  }),
)
export const DaemonSetUpdateStrategy = named(
  `${apps}DaemonSetUpdateStrategy`,
  "How old pods are replaced by new ones.",
  z.object({
    type: optional(text, "RollingUpdate, or OnDelete to wait until a pod is deleted."),
    rollingUpdate: optional(RollingUpdateDaemonSet, "How fast, for RollingUpdate."),
  }),
)
export const DaemonSetCondition = named(
  `${apps}DaemonSetCondition`,
  "One aspect of a daemon set's state.",
  z.object({
    type: required(text, "Which aspect."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)

const historyDefault = 10
export const DaemonSetSpec = named(
  `${apps}DaemonSetSpec`,
  "What a daemon set should be.",
  z.object({
    selector: required(LabelSelector, "The pods that belong to it; cannot change."),
    template: required(PodTemplateSpec, "The pods that it makes."),
    updateStrategy: defaulted(DaemonSetUpdateStrategy, { type: "RollingUpdate" }, "How pods are replaced."),
    minReadySeconds: optional(int32, "Seconds that a new pod must be ready to count."),
    revisionHistoryLimit: defaulted(int32, historyDefault, "Old ControllerRevisions to keep."),
  }),
)
export const DaemonSetStatus = named(
  `${apps}DaemonSetStatus`,
  "What a daemon set is doing.",
  z.object({
    currentNumberScheduled: required(int32, "Nodes that have a pod and should."),
    numberMisscheduled: required(int32, "Nodes that have a pod and should not."),
    desiredNumberScheduled: required(int32, "Nodes that should have a pod."),
    numberReady: required(int32, "Nodes whose pod is ready."),
    observedGeneration: optional(int64, "Generation that the status is about."),
    updatedNumberScheduled: optional(int32, "Nodes whose pod is of the current template."),
    numberAvailable: optional(int32, "Nodes whose pod is ready for long enough."),
    numberUnavailable: optional(int32, "Nodes that still lack a pod."),
    collisionCount: optional(int32, "Collisions of the revision's hash."),
    conditions: optional(z.array(DaemonSetCondition), "Aspects of its state.", mapList("type")),
  }),
)

export const DaemonSet = defineKind({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  shortNames: ["ds"],
  categories: ["all"],
  description: "DaemonSet keeps a pod on every node.",
  schema: z.object({
    spec: required(DaemonSetSpec, "What the daemon set should be."),
    status: optional(DaemonSetStatus, "What the daemon set is doing."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Desired", type: "integer", value: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: "Current", type: "integer", value: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: "Ready", type: "integer", value: ({ status }) => status?.numberReady ?? 0 },
    { name: "Up-to-date", type: "integer", value: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: "Available", type: "integer", value: ({ status }) => status?.numberAvailable ?? 0 },
    { name: "Node Selector", type: "string", value: ({ spec }) => labelsText(spec?.template.spec.nodeSelector) },
    age,
    { name: "Containers", type: "string", priority: 1, value: containerNames },
    { name: "Images", type: "string", priority: 1, value: imageNames },
    { name: "Selector", type: "string", priority: 1, value: ({ spec }) => formatSelector(spec?.selector ?? {}) },
  ],
})
export type DaemonSet = KindOf<typeof DaemonSet>
