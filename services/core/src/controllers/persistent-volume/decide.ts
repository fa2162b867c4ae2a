import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { NewOf } from "@wick/sdk/api/kind"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { compareQuantities, type Quantity } from "@wick/sdk/api/meta/quantity"
import { localPath } from "@wick/sdk/api/storage/local-path"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"

export interface Observed {
  readonly claim: PersistentVolumeClaim
  readonly volumes: readonly PersistentVolume[]
  readonly storageClass: StorageClass | undefined
  /** Where a pod that uses the claim was placed. */
  readonly nodeName: string | undefined
}

/**
 * What is to be done for a claim, one step at a time:
 *
 *     wait       nothing: no volume fits yet, or no pod has been placed that uses it
 *     provision  a volume is to be made for it
 *     reserve    a volume is to be marked as the claim's
 *     take       the claim is to name the volume that is marked as its own
 *     bound      both are to say so, if they do not yet
 *     grow       its directory is to be told as large as the claim asks for by now
 *     lost       the volume that it had is gone
 */
export type Step =
  | { readonly kind: "wait" | "lost" }
  | { readonly kind: "provision"; readonly volume: NewOf<typeof PersistentVolume> }
  | { readonly kind: "reserve" | "take" | "bound"; readonly volume: PersistentVolume }
  | { readonly kind: "grow"; readonly volume: PersistentVolume; readonly storage: Quantity }

export function decide(observed: Observed): Step {
  const { claim, volumes, storageClass, nodeName } = observed
  const named = claim.spec.volumeName
  const own = volumes.find(({ spec }) => spec?.claimRef?.uid === claim.metadata.uid)
  if (named && own?.metadata.name === named) return growth(claim, own) ?? { kind: "bound", volume: own }
  if (named) {
    const wanted = volumes.find(({ metadata }) => metadata.name === named)
    if (wanted && isFreeFor(wanted, claim)) return { kind: "reserve", volume: wanted }
    return { kind: claim.status?.phase === "Bound" && !wanted ? "lost" : "wait" }
  }
  if (own) return { kind: "take", volume: own }
  const waits = storageClass?.volumeBindingMode === "WaitForFirstConsumer"
  if (waits && nodeName === undefined) return { kind: "wait" }
  const found = smallest(
    volumes.filter((volume) => suits(volume, claim) && (!waits || reaches(volume, nodeName ?? ""))),
  )
  if (found) return { kind: "reserve", volume: found }
  if (storageClass?.provisioner !== localPath.provisioner || nodeName === undefined) return { kind: "wait" }
  // A directory is no device.
  if (claim.spec.volumeMode === "Block") return { kind: "wait" }
  return { kind: "provision", volume: localVolume(claim, storageClass, nodeName) }
}

/** Whether the claim may ask for more is admission's to say; a directory has no size that would have to be changed. */
function growth({ spec, status }: PersistentVolumeClaim, volume: PersistentVolume): Step | undefined {
  if (volume.spec?.csi?.driver !== localPath.driver || status?.phase !== "Bound") return undefined
  const storage = spec.resources?.requests?.storage ?? "0"
  const held = status.capacity?.storage ?? volume.spec.capacity?.storage ?? "0"
  return compareQuantities(storage, held) > 0 ? { kind: "grow", volume, storage } : undefined
}

/** Nobody's, or set aside for this claim by name. */
function isFreeFor({ metadata, spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  const { claimRef } = spec ?? {}
  if (!claimRef) return true
  const sameName = claimRef.name === claim.metadata.name && claimRef.namespace === claim.metadata.namespace
  return sameName && !claimRef.uid
}

function suits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec, metadata } = volume
  const wanted = claim.spec
  const size = wanted.resources?.requests?.storage ?? "0"
  return (
    isFreeFor(volume, claim) &&
    (spec?.storageClassName ?? "") === (wanted.storageClassName ?? "") &&
    (spec?.volumeMode ?? "Filesystem") === (wanted.volumeMode ?? "Filesystem") &&
    (wanted.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode)) &&
    compareQuantities(spec?.capacity?.storage ?? "0", size) >= 0 &&
    (wanted.selector === undefined || matches(wanted.selector, metadata.labels))
  )
}

function smallest(volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  const size = ({ spec }: PersistentVolume) => spec?.capacity?.storage ?? "0"
  return volumes.toSorted((a, b) => compareQuantities(size(a), size(b)))[0]
}

/** Whether the volume can be reached from the node; one that names nodes otherwise than by name cannot be told. */
export function reaches({ spec }: PersistentVolume, nodeName: string): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms
  if (!terms) return true
  return terms.some(({ matchExpressions = [], matchFields = [] }) =>
    [...matchExpressions, ...matchFields].every(
      ({ key, operator, values = [] }) =>
        (key === hostLabel || key === "metadata.name") && operator === "In" && values.includes(nodeName),
    ),
  )
}

const hostLabel = "kubernetes.io/hostname"

/** A directory of the node, under a name that no other claim ever has. */
function localVolume(
  { metadata, spec }: PersistentVolumeClaim,
  storageClass: StorageClass,
  nodeName: string,
): NewOf<typeof PersistentVolume> {
  const name = `pvc-${metadata.uid}`
  const { name: claim, namespace, uid, resourceVersion } = metadata
  return {
    metadata: {
      name,
      annotations: { "pv.kubernetes.io/provisioned-by": localPath.provisioner },
      finalizers: [localPath.finalizer],
    },
    spec: {
      capacity: { storage: spec.resources?.requests?.storage ?? "0" },
      accessModes: spec.accessModes,
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claim, namespace, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: "Filesystem",
      csi: { driver: localPath.driver, volumeHandle: name },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: hostLabel, operator: "In", values: [nodeName] }] }],
        },
      },
    },
  } as NewOf<typeof PersistentVolume>
}

export type VolumeStep =
  | { readonly kind: "phase"; readonly phase: "Available" | "Bound" | "Released" }
  | { readonly kind: "delete" }
  | { readonly kind: "none" }

/** What becomes of a volume, by whether the claim that it is for is still there. */
export function decideVolume(
  { metadata, spec, status }: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): VolumeStep {
  const { claimRef } = spec ?? {}
  const lives = claimRef?.uid === undefined || claim?.metadata.uid === claimRef.uid
  const phase = !claimRef?.uid ? "Available" : lives ? "Bound" : "Released"
  if (status?.phase !== phase) return { kind: "phase", phase }
  const isOurs = spec?.csi?.driver === localPath.driver
  const goes = phase === "Released" && isOurs && spec?.persistentVolumeReclaimPolicy === "Delete"
  return goes && metadata.deletionTimestamp === undefined ? { kind: "delete" } : { kind: "none" }
}
