import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { localPath } from "@wick/sdk/api/storage/local-path"
import { attachmentName, type DriverVolume } from "@wick/sdk/volume-names"
import { isEnded } from "../pod-state.ts"
import { claimsOf } from "../volume-protection/decide.ts"

/** What is looked up by name. */
export interface Catalog {
  readonly claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined
  readonly volume: (name: string) => PersistentVolume | undefined
  readonly driver: (name: string) => CSIDriver | undefined
}

/** A volume that is to be attached to a node, and for whom. */
export interface DesiredAttachment {
  /** Of the VolumeAttachment. */
  readonly name: string
  readonly volume: PersistentVolume
  readonly source: DriverVolume
  readonly pods: readonly Pod[]
}

/** Pure: by name, what is to be attached to a node for the pods that are bound to it and have not ended. */
export function desiredAttachments(
  nodeName: string,
  pods: readonly Pod[],
  catalog: Catalog,
): Map<string, DesiredAttachment> {
  const desired = new Map<string, DesiredAttachment>()
  for (const pod of pods) {
    if (pod.spec.nodeName !== nodeName || isEnded(pod)) continue
    for (const volume of volumesOf(pod, catalog)) {
      const source = attachable(volume, catalog)
      if (!source) continue
      const name = attachmentName(source, nodeName)
      const before = desired.get(name)?.pods ?? []
      desired.set(name, { name, volume, source, pods: [...before, pod] })
    }
  }
  return desired
}

/** Pure: the volumes that a pod's claims are bound to. */
export function volumesOf(pod: Pod, { claim, volume }: Catalog): PersistentVolume[] {
  const { namespace = "" } = pod.metadata
  return claimsOf(pod).flatMap((name) => {
    const found = claim(namespace, name)
    const bound = found?.status?.phase === "Bound" && found.spec.volumeName ? volume(found.spec.volumeName) : undefined
    return bound && bound.spec?.claimRef?.uid === found?.metadata.uid ? [bound] : []
  })
}

/** Pure: how a driver knows the volume, if it wants it attached first; one of which nothing is said does. */
export function attachable({ spec }: PersistentVolume, { driver }: Pick<Catalog, "driver">): DriverVolume | undefined {
  const { csi } = spec ?? {}
  if (!csi || csi.driver === localPath.driver) return undefined
  if (driver(csi.driver)?.spec.attachRequired === false) return undefined
  return { driver: csi.driver, volumeHandle: csi.volumeHandle }
}
