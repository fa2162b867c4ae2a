import { createHash } from "node:crypto"

/**
 * What Kubernetes calls volumes of CSI drivers, and their attachments: the controllers that attach and the nodes that
 * wait for it find the same objects by it.
 */
export interface DriverVolume {
  readonly driver: string
  readonly volumeHandle: string
}

/** As in a Node's `volumesInUse` and `volumesAttached`: `kubernetes.io/csi/<driver>^<handle>`. */
export function uniqueVolumeName({ driver, volumeHandle }: DriverVolume): string {
  return `kubernetes.io/csi/${driver}^${volumeHandle}`
}

/** Name of the VolumeAttachment that attaches a volume to a node. */
export function attachmentName({ driver, volumeHandle }: DriverVolume, nodeName: string): string {
  const hash = createHash("sha256").update(`${volumeHandle}${driver}${nodeName}`).digest("hex")
  return `csi-${hash}`
}
