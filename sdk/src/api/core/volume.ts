import * as z from "zod"
import { atomicList, coreType, defaulted, flag, int32, optional, required, text, textMap } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { ObjectMeta } from "../meta/object-meta.ts"
import { Quantity } from "../meta/quantity.ts"
import { LocalObjectReference, TypedLocalObjectReference, TypedObjectReference } from "./object-reference.ts"
import { ResourceList } from "./resources.ts"
import { DownwardAPIVolumeFile, fileModeDefault, keyItems, ProjectedVolumeSource } from "./volume-projection.ts"
import { vendorVolumeFields } from "./volume-vendor.ts"

export const EmptyDirVolumeSource = coreType(
  "EmptyDirVolumeSource",
  "An empty directory that lives as long as the pod.",
  z.object({
    medium: optional(text, "Memory for a tmpfs; the node's disk when empty."),
    sizeLimit: optional(Quantity, "Size that must not be exceeded."),
  }),
)
export const HostPathVolumeSource = coreType(
  "HostPathVolumeSource",
  "A file or directory of the node.",
  z.object({
    path: required(text, "Path on the node."),
    type: defaulted(text, "", "What must be there, such as Directory; empty checks nothing."),
  }),
)
export const SecretVolumeSource = coreType(
  "SecretVolumeSource",
  "Files from a Secret.",
  z.object({
    secretName: optional(text, "Name of the Secret."),
    items: keyItems,
    defaultMode: defaulted(int32, fileModeDefault, "Mode of the files."),
    optional: optional(flag, "Whether the Secret or its keys may be missing."),
  }),
)
export const ConfigMapVolumeSource = coreType(
  "ConfigMapVolumeSource",
  "Files from a ConfigMap.",
  z.object({
    name: defaulted(text, "", "Name of the ConfigMap."),
    items: keyItems,
    defaultMode: defaulted(int32, fileModeDefault, "Mode of the files."),
    optional: optional(flag, "Whether the ConfigMap or its keys may be missing."),
  }),
)
export const DownwardAPIVolumeSource = coreType(
  "DownwardAPIVolumeSource",
  "Files that tell facts of the pod.",
  z.object({
    items: optional(z.array(DownwardAPIVolumeFile), "The files.", atomicList),
    defaultMode: defaulted(int32, fileModeDefault, "Mode of the files."),
  }),
)
export const PersistentVolumeClaimVolumeSource = coreType(
  "PersistentVolumeClaimVolumeSource",
  "A claimed persistent volume.",
  z.object({
    claimName: required(text, "Name of the claim."),
    readOnly: optional(flag, "Whether all mounts are read-only."),
  }),
)

export const VolumeResourceRequirements = coreType(
  "VolumeResourceRequirements",
  "How much storage is asked for.",
  z.object({ limits: optional(ResourceList, "At most."), requests: optional(ResourceList, "At least.") }),
)
export const PersistentVolumeClaimSpec = coreType(
  "PersistentVolumeClaimSpec",
  "What a claim asks for.",
  z.object({
    accessModes: optional(z.array(text), "How the volume may be mounted.", atomicList),
    selector: optional(LabelSelector, "Which volumes may be bound."),
    resources: optional(VolumeResourceRequirements, "How much storage."),
    volumeName: optional(text, "Volume that is bound."),
    storageClassName: optional(text, "Class of storage."),
    volumeMode: optional(text, "Filesystem or Block."),
    dataSource: optional(TypedLocalObjectReference, "What the volume starts as a copy of."),
    dataSourceRef: optional(TypedObjectReference, "The same, from any namespace."),
    volumeAttributesClassName: optional(text, "Class of volume attributes."),
  }),
)
export const PersistentVolumeClaimTemplate = coreType(
  "PersistentVolumeClaimTemplate",
  "The claim to make.",
  z.object({
    metadata: optional(ObjectMeta, "Labels and annotations of the claim."),
    spec: required(PersistentVolumeClaimSpec, "What the claim asks for."),
  }),
)
export const EphemeralVolumeSource = coreType(
  "EphemeralVolumeSource",
  "A volume made for the pod and removed with it.",
  z.object({ volumeClaimTemplate: optional(PersistentVolumeClaimTemplate, "The claim to make.") }),
)

export const CSIVolumeSource = coreType(
  "CSIVolumeSource",
  "A volume of a CSI driver that lives as long as the pod.",
  z.object({
    driver: required(text, "Name of the driver."),
    readOnly: optional(flag, "Whether the volume is read-only."),
    fsType: optional(text, "File system."),
    volumeAttributes: optional(textMap, "What the driver wants to know."),
    nodePublishSecretRef: optional(LocalObjectReference, "Secret for the driver."),
  }),
)
export const NFSVolumeSource = coreType(
  "NFSVolumeSource",
  "A directory of an NFS server.",
  z.object({
    server: required(text, "Name or address of the server."),
    path: required(text, "Exported path."),
    readOnly: optional(flag, "Whether the mount is read-only."),
  }),
)
/** The secret is named in the pod's namespace, or by a persistent volume in any. */
export const iscsiFields = {
  targetPortal: required(text, "Address of the portal."),
  iqn: required(text, "Qualified name of the target."),
  lun: required(int32, "Number of the unit."),
  iscsiInterface: defaulted(text, "default", "Interface to use."),
  fsType: optional(text, "File system."),
  readOnly: optional(flag, "Whether the mount is read-only."),
  portals: optional(z.array(text), "Further portals.", atomicList),
  chapAuthDiscovery: optional(flag, "Authenticate discovery by CHAP."),
  chapAuthSession: optional(flag, "Authenticate sessions by CHAP."),
  initiatorName: optional(text, "Name of the initiator."),
}
export const ISCSIVolumeSource = coreType(
  "ISCSIVolumeSource",
  "A disk over iSCSI.",
  z.object({ ...iscsiFields, secretRef: optional(LocalObjectReference, "Secret for CHAP.") }),
)
export const ImageVolumeSource = coreType(
  "ImageVolumeSource",
  "The files of an image.",
  z.object({
    reference: optional(text, "The image."),
    pullPolicy: optional(text, "When to pull: Always, IfNotPresent or Never."),
  }),
)

/** A volume's sources, of which one is given; shared with what may mount volumes without being a pod. */
export const volumeSourceFields = {
  hostPath: optional(HostPathVolumeSource, "A path of the node."),
  emptyDir: optional(EmptyDirVolumeSource, "An empty directory."),
  secret: optional(SecretVolumeSource, "A Secret."),
  nfs: optional(NFSVolumeSource, "A directory of an NFS server."),
  iscsi: optional(ISCSIVolumeSource, "A disk over iSCSI."),
  persistentVolumeClaim: optional(PersistentVolumeClaimVolumeSource, "A claimed persistent volume."),
  downwardAPI: optional(DownwardAPIVolumeSource, "Facts of the pod."),
  configMap: optional(ConfigMapVolumeSource, "A ConfigMap."),
  projected: optional(ProjectedVolumeSource, "Several sources together."),
  csi: optional(CSIVolumeSource, "A volume of a CSI driver."),
  ephemeral: optional(EphemeralVolumeSource, "A volume made for the pod."),
  image: optional(ImageVolumeSource, "The files of an image."),
  ...vendorVolumeFields,
}

export const Volume = coreType(
  "Volume",
  "A volume that containers of the pod can mount.",
  z.object({ name: required(text, "Name, unique in the pod."), ...volumeSourceFields }),
)
export type Volume = z.output<typeof Volume>
