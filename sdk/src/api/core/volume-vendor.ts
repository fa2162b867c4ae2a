import * as z from "zod"
import { atomicList, atomicMap, coreType, defaulted, flag, int32, optional, required, text, textMap } from "../field.ts"
import { LocalObjectReference, ObjectReference } from "./object-reference.ts"

/**
 * Volumes of particular products. A pod names the secret for one in its own namespace, a persistent volume in any: such
 * types come in pairs that differ in that reference alone.
 */
const fsType = optional(text, "File system.")
const readOnly = optional(flag, "Whether the volume is read-only.")

export const SecretReference = coreType(
  "SecretReference",
  "Names a Secret in any namespace.",
  z.object({
    name: optional(text, "Name of the Secret."),
    namespace: optional(text, "Namespace of the Secret."),
  }),
  atomicMap,
)

const GCEPersistentDiskVolumeSource = coreType(
  "GCEPersistentDiskVolumeSource",
  "A disk of Google Compute Engine.",
  z.object({
    pdName: required(text, "Name of the disk."),
    fsType,
    partition: optional(int32, "Partition of the disk; all of it when absent."),
    readOnly,
  }),
)
const AWSElasticBlockStoreVolumeSource = coreType(
  "AWSElasticBlockStoreVolumeSource",
  "A disk of Amazon's block store.",
  z.object({
    volumeID: required(text, "Id of the disk."),
    fsType,
    partition: optional(int32, "Partition of the disk; all of it when absent."),
    readOnly,
  }),
)
const GitRepoVolumeSource = coreType(
  "GitRepoVolumeSource",
  "A clone of a git repository.",
  z.object({
    repository: required(text, "URL of the repository."),
    revision: optional(text, "Commit to check out."),
    directory: optional(text, "Directory to clone into."),
  }),
)
const FlockerVolumeSource = coreType(
  "FlockerVolumeSource",
  "A Flocker dataset.",
  z.object({
    datasetName: optional(text, "Name of the dataset."),
    datasetUUID: optional(text, "UUID of the dataset."),
  }),
)
const FCVolumeSource = coreType(
  "FCVolumeSource",
  "A disk over Fibre Channel.",
  z.object({
    targetWWNs: optional(z.array(text), "World wide names of the target.", atomicList),
    lun: optional(int32, "Number of the unit."),
    fsType,
    readOnly,
    wwids: optional(z.array(text), "World wide identifiers, instead of names and unit.", atomicList),
  }),
)
const VsphereVirtualDiskVolumeSource = coreType(
  "VsphereVirtualDiskVolumeSource",
  "A disk of vSphere.",
  z.object({
    volumePath: required(text, "Path of the disk."),
    fsType,
    storagePolicyName: optional(text, "Name of the storage policy."),
    storagePolicyID: optional(text, "Id of the storage policy."),
  }),
)
const QuobyteVolumeSource = coreType(
  "QuobyteVolumeSource",
  "A Quobyte volume.",
  z.object({
    registry: required(text, "Registries, host:port, separated by commas."),
    volume: required(text, "Name of the volume."),
    readOnly,
    user: optional(text, "User to mount as."),
    group: optional(text, "Group to mount as."),
    tenant: optional(text, "Tenant that owns the volume."),
  }),
)
const AzureDiskVolumeSource = coreType(
  "AzureDiskVolumeSource",
  "A disk of Azure.",
  z.object({
    diskName: required(text, "Name of the disk."),
    diskURI: required(text, "URI of the disk."),
    cachingMode: defaulted(text, "ReadWrite", "None, ReadOnly or ReadWrite."),
    fsType: defaulted(text, "ext4", "File system."),
    readOnly: defaulted(flag, false, "Whether the volume is read-only."),
    kind: defaulted(text, "Shared", "Shared, Dedicated or Managed."),
  }),
)
const PhotonPersistentDiskVolumeSource = coreType(
  "PhotonPersistentDiskVolumeSource",
  "A disk of Photon Controller.",
  z.object({ pdID: required(text, "Id of the disk."), fsType }),
)
const PortworxVolumeSource = coreType(
  "PortworxVolumeSource",
  "A Portworx volume.",
  z.object({ volumeID: required(text, "Id of the volume."), fsType, readOnly }),
)

/** Sources that are the same in a pod and in a persistent volume. */
const alike = {
  gcePersistentDisk: optional(GCEPersistentDiskVolumeSource, "A disk of Google Compute Engine."),
  awsElasticBlockStore: optional(AWSElasticBlockStoreVolumeSource, "A disk of Amazon's block store."),
  fc: optional(FCVolumeSource, "A disk over Fibre Channel."),
  flocker: optional(FlockerVolumeSource, "A Flocker dataset."),
  vsphereVolume: optional(VsphereVirtualDiskVolumeSource, "A disk of vSphere."),
  quobyte: optional(QuobyteVolumeSource, "A Quobyte volume."),
  azureDisk: optional(AzureDiskVolumeSource, "A disk of Azure."),
  photonPersistentDisk: optional(PhotonPersistentDiskVolumeSource, "A disk of Photon Controller."),
  portworxVolume: optional(PortworxVolumeSource, "A Portworx volume."),
}

const glusterfs = {
  endpoints: required(text, "Name of the Endpoints of its servers."),
  path: required(text, "Path of the volume."),
  readOnly,
}
const azureFile = {
  secretName: required(text, "Name of the Secret with account and key."),
  shareName: required(text, "Name of the share."),
  readOnly,
}

/** The sources whose two forms differ, with a reference to a secret as `Reference` makes it. */
function withSecret<Reference extends z.ZodType>(infix: string, Reference: Reference) {
  const secretRef = optional(Reference, "Secret for the volume.")
  const type = <Shape extends z.ZodRawShape>(name: string, description: string, shape: Shape) =>
    optional(coreType(`${name}${infix}VolumeSource`, description, z.object(shape)), description)
  return {
    rbd: type("RBD", "A Rados block device.", {
      monitors: required(z.array(text), "Ceph monitors.", atomicList),
      image: required(text, "Name of the image."),
      fsType,
      pool: defaulted(text, "rbd", "Pool of the image."),
      user: defaulted(text, "admin", "Name of the user."),
      keyring: defaulted(text, "/etc/ceph/keyring", "Path of the user's key ring."),
      secretRef,
      readOnly,
    }),
    cephfs: type("CephFS", "A Ceph file system.", {
      monitors: required(z.array(text), "Ceph monitors.", atomicList),
      path: optional(text, "Directory to mount; / when absent."),
      user: optional(text, "Name of the user."),
      secretFile: optional(text, "Path of the user's key ring."),
      secretRef,
      readOnly,
    }),
    cinder: type("Cinder", "A disk of OpenStack.", {
      volumeID: required(text, "Id of the disk."),
      fsType,
      readOnly,
      secretRef,
    }),
    flexVolume: type("Flex", "A volume of an executable driver.", {
      driver: required(text, "Name of the driver."),
      fsType,
      secretRef,
      readOnly,
      options: optional(textMap, "What the driver wants to know."),
    }),
    scaleIO: type("ScaleIO", "A ScaleIO volume.", {
      gateway: required(text, "Address of the gateway."),
      system: required(text, "Name of the storage system."),
      secretRef: required(Reference, "Secret for the user."),
      sslEnabled: optional(flag, "Whether to talk to the gateway over TLS."),
      protectionDomain: optional(text, "Name of the protection domain."),
      storagePool: optional(text, "Storage pool of the domain."),
      storageMode: defaulted(text, "ThinProvisioned", "ThickProvisioned or ThinProvisioned."),
      volumeName: optional(text, "Name of the volume."),
      fsType: defaulted(text, "xfs", "File system."),
      readOnly,
    }),
  }
}

function storageos<Reference extends z.ZodType>(name: string, Reference: Reference) {
  const description = "A StorageOS volume."
  const type = coreType(
    name,
    description,
    z.object({
      volumeName: optional(text, "Name of the volume."),
      volumeNamespace: optional(text, "Namespace of the volume in StorageOS."),
      fsType,
      readOnly,
      secretRef: optional(Reference, "Secret for the API of StorageOS."),
    }),
  )
  return optional(type, description)
}

export const vendorVolumeFields = {
  ...alike,
  ...withSecret("", LocalObjectReference),
  gitRepo: optional(GitRepoVolumeSource, "A clone of a git repository."),
  glusterfs: optional(
    coreType("GlusterfsVolumeSource", "A GlusterFS volume.", z.object(glusterfs)),
    "A GlusterFS volume.",
  ),
  azureFile: optional(
    coreType("AzureFileVolumeSource", "A file share of Azure.", z.object(azureFile)),
    "A file share of Azure.",
  ),
  storageos: storageos("StorageOSVolumeSource", LocalObjectReference),
}

export const vendorPersistentVolumeFields = {
  ...alike,
  ...withSecret("Persistent", SecretReference),
  glusterfs: optional(
    coreType(
      "GlusterfsPersistentVolumeSource",
      "A GlusterFS volume.",
      z.object({ ...glusterfs, endpointsNamespace: optional(text, "Namespace of the Endpoints.") }),
    ),
    "A GlusterFS volume.",
  ),
  azureFile: optional(
    coreType(
      "AzureFilePersistentVolumeSource",
      "A file share of Azure.",
      z.object({ ...azureFile, secretNamespace: optional(text, "Namespace of the Secret.") }),
    ),
    "A file share of Azure.",
  ),
  storageos: storageos("StorageOSPersistentVolumeSource", ObjectReference),
}
