import * as z from "zod"
import { age } from "../column.ts"
import { PodTemplateSpec } from "../core/pod-template.ts"
import { defaulted, flag, int32, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"
import { formatSelector } from "../meta/selector-text.ts"
import { containerNames, imageNames } from "./template-summary.ts"

export const RollingUpdateDeployment = named(
  "io.k8s.api.apps.v1.RollingUpdateDeployment",
  "How fast pods are replaced.",
  z.object({
    maxUnavailable: defaulted(IntOrString, "25%", "Pods that may be missing meanwhile."),
    maxSurge: defaulted(IntOrString, "25%", "Pods that there may be too many meanwhile."),
  }),
)
export const DeploymentStrategy = named(
  "io.k8s.api.apps.v1.DeploymentStrategy",
  "How old pods are replaced by new ones.",
  z.object({
    type: defaulted(z.enum(["RollingUpdate", "Recreate"]), "RollingUpdate", "Step by step, or all at once."),
    rollingUpdate: optional(RollingUpdateDeployment, "How fast, for RollingUpdate."),
  }),
)
export const DeploymentCondition = named(
  "io.k8s.api.apps.v1.DeploymentCondition",
  "One aspect of a deployment's state.",
  z.object({
    type: required(text, "Available, Progressing or ReplicaFailure."),
    status: required(ConditionStatus, "Whether it holds."),
    lastUpdateTime: optional(Time, "When it was last updated."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export type DeploymentCondition = z.output<typeof DeploymentCondition>

const historyDefault = 10
const progressSecondsDefault = 600
export const DeploymentSpec = named(
  "io.k8s.api.apps.v1.DeploymentSpec",
  "What a deployment should be.",
  z.object({
    replicas: defaulted(int32, 1, "How many pods."),
    selector: required(LabelSelector, "The pods that belong to it; cannot change."),
    template: required(PodTemplateSpec, "The pods that it makes."),
    strategy: defaulted(DeploymentStrategy, { type: "RollingUpdate" }, "How pods are replaced.", {
      "x-kubernetes-patch-strategy": "retainKeys",
    }),
    minReadySeconds: optional(int32, "Seconds that a new pod must be ready to count."),
    revisionHistoryLimit: defaulted(int32, historyDefault, "Old ReplicaSets to keep."),
    paused: optional(flag, "Whether changes of the template wait."),
    progressDeadlineSeconds: defaulted(int32, progressSecondsDefault, "Seconds without progress that are a failure."),
  }),
)
export const DeploymentStatus = named(
  "io.k8s.api.apps.v1.DeploymentStatus",
  "What a deployment is doing.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    replicas: optional(int32, "Pods."),
    updatedReplicas: optional(int32, "Pods of the current template."),
    readyReplicas: optional(int32, "Pods that are ready."),
    availableReplicas: optional(int32, "Pods ready for long enough."),
    unavailableReplicas: optional(int32, "Pods still missing."),
    terminatingReplicas: optional(int32, "Pods that are ending."),
    conditions: optional(z.array(DeploymentCondition), "Aspects of its state.", mapList("type")),
    collisionCount: optional(int32, "Collisions of the template's hash."),
  }),
)
export type DeploymentStatus = z.output<typeof DeploymentStatus>

export const Deployment = defineKind({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  categories: ["all"],
  description: "Deployment keeps a number of equal pods and replaces them step by step when their template changes.",
  schema: z.object({
    spec: required(DeploymentSpec, "What the deployment should be."),
    status: optional(DeploymentStatus, "What the deployment is doing."),
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
    { name: "Up-to-date", type: "string", value: ({ status }) => String(status?.updatedReplicas ?? 0) },
    { name: "Available", type: "string", value: ({ status }) => String(status?.availableReplicas ?? 0) },
    age,
    { name: "Containers", type: "string", priority: 1, value: containerNames },
    { name: "Images", type: "string", priority: 1, value: imageNames },
    { name: "Selector", type: "string", priority: 1, value: ({ spec }) => formatSelector(spec?.selector ?? {}) },
  ],
})
export type Deployment = KindOf<typeof Deployment>
