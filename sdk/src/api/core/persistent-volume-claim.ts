import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, coreType, defaulted, mapList, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { ResourceList } from "./resources.ts"
import { accessModesText, storageClassText, storageText } from "./storage-summary.ts"
import { PersistentVolumeClaimSpec } from "./volume.ts"

export const PersistentVolumeClaimCondition = coreType(
  "PersistentVolumeClaimCondition",
  "One aspect of a claim's state.",
  z.object({
    type: required(text, "Resizing, FileSystemResizePending, ModifyingVolume, …"),
    status: required(ConditionStatus, "Whether it holds."),
    lastProbeTime: optional(Time, "When it was last looked at."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const ModifyVolumeStatus = coreType(
  "ModifyVolumeStatus",
  "Where a change of the volume's attributes stands.",
  z.object({
    targetVolumeAttributesClassName: optional(text, "The class that is wanted."),
    status: required(text, "Pending, InProgress or Infeasible."),
  }),
)
export const PersistentVolumeClaimStatus = coreType(
  "PersistentVolumeClaimStatus",
  "What a claim has got.",
  z.object({
    phase: optional(text, "Pending, Bound or Lost."),
    accessModes: optional(z.array(text), "How the volume may be mounted.", atomicList),
    capacity: optional(ResourceList, "How much the volume holds."),
    conditions: optional(z.array(PersistentVolumeClaimCondition), "Aspects of its state.", mapList("type")),
    allocatedResources: optional(ResourceList, "How much is being made of the volume."),
    allocatedResourceStatuses: optional(textMap, "Where growing stands, by resource.", {
      "x-kubernetes-map-type": "granular",
    }),
    currentVolumeAttributesClassName: optional(text, "Class of volume attributes in force."),
    modifyVolumeStatus: optional(ModifyVolumeStatus, "Where a change of attributes stands."),
  }),
)

interface SeenClaim {
  readonly metadata: { readonly deletionTimestamp?: string | undefined }
  readonly spec?: { readonly volumeName?: string | undefined } | undefined
  readonly status?: z.output<typeof PersistentVolumeClaimStatus> | undefined
}
const statusText = ({ metadata, status }: SeenClaim) =>
  metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating"
/** What a claim has got is told once it has a volume. */
const bound = (claim: SeenClaim) => (claim.spec?.volumeName ? claim.status : undefined)

export const PersistentVolumeClaim = defineKind({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  shortNames: ["pvc"],
  description: "PersistentVolumeClaim asks for storage that outlives the pods that use it.",
  schema: z.object({
    spec: required(PersistentVolumeClaimSpec, "What the claim asks for."),
    status: defaulted(PersistentVolumeClaimStatus, { phase: "Pending" }, "What the claim has got."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Status", type: "string", value: statusText },
    { name: "Volume", type: "string", value: ({ spec }) => spec?.volumeName ?? "" },
    { name: "Capacity", type: "string", value: (claim) => storageText(bound(claim)?.capacity) },
    { name: "Access Modes", type: "string", value: (claim) => accessModesText(bound(claim)?.accessModes) },
    { name: "StorageClass", type: "string", value: storageClassText },
    {
      name: "VolumeAttributesClass",
      type: "string",
      value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
    },
    age,
    { name: "VolumeMode", type: "string", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
  ],
})
export type PersistentVolumeClaim = KindOf<typeof PersistentVolumeClaim>
