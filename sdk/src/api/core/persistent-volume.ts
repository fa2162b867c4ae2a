import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, coreType, defaulted, flag, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Time } from "../meta/object-meta.ts"
import { NodeSelector } from "./affinity.ts"
import { ObjectReference } from "./object-reference.ts"
import { ResourceList } from "./resources.ts"
import { accessModesText, storageClassText, storageText } from "./storage-summary.ts"
import { HostPathVolumeSource, iscsiFields, NFSVolumeSource } from "./volume.ts"
import { SecretReference, vendorPersistentVolumeFields } from "./volume-vendor.ts"

export const LocalVolumeSource = coreType(
  "LocalVolumeSource",
  "A directory, or a disk, of one node.",
  z.object({ path: required(text, "Its path on the node."), fsType: optional(text, "File system to make on a disk.") }),
)
export const CSIPersistentVolumeSource = coreType(
  "CSIPersistentVolumeSource",
  "A volume of a CSI driver.",
  z.object({
    driver: required(text, "Name of the driver."),
    volumeHandle: required(text, "The driver's id of the volume."),
    readOnly: optional(flag, "Whether the volume is read-only."),
    fsType: optional(text, "File system."),
    volumeAttributes: optional(textMap, "What the driver wants to know."),
    controllerPublishSecretRef: optional(SecretReference, "Secret for attaching and detaching."),
    nodeStageSecretRef: optional(SecretReference, "Secret for preparing the volume on a node."),
    nodePublishSecretRef: optional(SecretReference, "Secret for mounting the volume."),
    controllerExpandSecretRef: optional(SecretReference, "Secret for growing the volume."),
    nodeExpandSecretRef: optional(SecretReference, "Secret for growing its file system."),
  }),
)
export const ISCSIPersistentVolumeSource = coreType(
  "ISCSIPersistentVolumeSource",
  "A disk over iSCSI.",
  z.object({ ...iscsiFields, secretRef: optional(SecretReference, "Secret for CHAP.") }),
)
export const VolumeNodeAffinity = coreType(
  "VolumeNodeAffinity",
  "From which nodes the volume can be reached.",
  z.object({ required: optional(NodeSelector, "Those nodes.") }),
)

export const PersistentVolumeSpec = coreType(
  "PersistentVolumeSpec",
  "What a persistent volume is.",
  z.object({
    capacity: optional(ResourceList, "How much it holds."),
    hostPath: optional(HostPathVolumeSource, "A path of the node."),
    nfs: optional(NFSVolumeSource, "A directory of an NFS server."),
    iscsi: optional(ISCSIPersistentVolumeSource, "A disk over iSCSI."),
    local: optional(LocalVolumeSource, "A directory, or a disk, of one node."),
    csi: optional(CSIPersistentVolumeSource, "A volume of a CSI driver."),
    ...vendorPersistentVolumeFields,
    accessModes: optional(z.array(text), "How it may be mounted.", atomicList),
    claimRef: optional(ObjectReference, "The claim that it is bound to.", { "x-kubernetes-map-type": "granular" }),
    persistentVolumeReclaimPolicy: defaulted(text, "Retain", "What becomes of it without its claim: Retain, Delete."),
    storageClassName: optional(text, "Class of storage; empty for none."),
    mountOptions: optional(z.array(text), "Options of the mount.", atomicList),
    volumeMode: defaulted(text, "Filesystem", "Filesystem or Block."),
    nodeAffinity: optional(VolumeNodeAffinity, "From which nodes it can be reached."),
    volumeAttributesClassName: optional(text, "Class of volume attributes."),
  }),
)
export const PersistentVolumeStatus = coreType(
  "PersistentVolumeStatus",
  "What a persistent volume is doing.",
  z.object({
    phase: optional(text, "Pending, Available, Bound, Released or Failed."),
    message: optional(text, "Why."),
    reason: optional(text, "Why, in one word."),
    lastPhaseTransitionTime: optional(Time, "When the phase last changed."),
  }),
)

interface SeenVolume {
  readonly metadata: { readonly deletionTimestamp?: string | undefined }
  readonly spec?: z.output<typeof PersistentVolumeSpec> | undefined
  readonly status?: z.output<typeof PersistentVolumeStatus> | undefined
}
const statusText = ({ metadata, status }: SeenVolume) =>
  metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating"
const claimText = ({ spec }: SeenVolume) =>
  spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : ""

export const PersistentVolume = defineKind({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  shortNames: ["pv"],
  namespaced: false,
  description: "PersistentVolume is storage that outlives the pods that use it.",
  schema: z.object({
    spec: required(PersistentVolumeSpec, "What the volume is."),
    status: defaulted(PersistentVolumeStatus, { phase: "Pending" }, "What the volume is doing."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Capacity", type: "string", value: ({ spec }) => storageText(spec?.capacity) },
    { name: "Access Modes", type: "string", value: ({ spec }) => accessModesText(spec?.accessModes) },
    { name: "Reclaim Policy", type: "string", value: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? "" },
    { name: "Status", type: "string", value: statusText },
    { name: "Claim", type: "string", value: claimText },
    { name: "StorageClass", type: "string", value: storageClassText },
    {
      name: "VolumeAttributesClass",
      type: "string",
      value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
    },
    { name: "Reason", type: "string", value: ({ status }) => status?.reason ?? "" },
    age,
    { name: "VolumeMode", type: "string", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
  ],
})
export type PersistentVolume = KindOf<typeof PersistentVolume>
