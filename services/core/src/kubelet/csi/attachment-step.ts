import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { CSINode } from "@wick/sdk/api/storage/csi-node"
import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import type { SecretPlace } from "./driver-secret.ts"

/** On a CSIDriver: its VolumeAttachments are answered by Wick; by an external-attacher of the driver's own unless it is there. */
const attacherAnnotation = "wick.dev/attacher"
const embedded = "embedded"
/** On a CSINode: drivers whose controller answers on the socket of that node. */
export const controllersAnnotation = "wick.dev/csi-controllers"
/** On a VolumeAttachment: all that its detaching needs, should its volume be gone by then. */
export const asAnnotation = "wick.dev/attached-as"

export interface AttachedAs {
  readonly volumeId: string
  readonly nodeId: string
  readonly secret?: SecretPlace | undefined
}

export type AttachmentStep =
  | { readonly kind: "none" }
  | { readonly kind: "attach"; readonly as: AttachedAs }
  | { readonly kind: "detach"; readonly as: AttachedAs }
  /** It cannot be attached, which is told. */
  | { readonly kind: "refuse"; readonly message: string }

export interface Observed {
  readonly attachment: VolumeAttachment
  /** This node. */
  readonly nodeName: string
  readonly object: CSIDriver | undefined
  readonly nodes: readonly CSINode[]
  readonly volume: PersistentVolume | undefined
}

/** Pure: what this node has to do for an attachment. */
export function attachmentStep({ attachment, nodeName, object, nodes, volume }: Observed): AttachmentStep {
  const { metadata, spec, status } = attachment
  const isGoing = metadata.deletionTimestamp !== undefined
  const finalizer = finalizerOf(spec.attacher)
  if (isGoing ? !metadata.finalizers?.includes(finalizer) : status?.attached === true) return { kind: "none" }
  if (object?.metadata.annotations?.[attacherAnnotation] !== embedded) return { kind: "none" }
  if (attacherNode(spec.attacher, spec.nodeName, nodes) !== nodeName) return { kind: "none" }
  const noted = metadata.annotations?.[asAnnotation]
  if (isGoing) return noted === undefined ? { kind: "none" } : { kind: "detach", as: JSON.parse(noted) }
  const name = spec.source.persistentVolumeName ?? ""
  const csi = volume?.spec?.csi
  if (!csi) return { kind: "refuse", message: `volume ${name} of driver ${spec.attacher} is not there` }
  const place = nodes.find((node) => node.metadata.name === spec.nodeName)
  const nodeId = place?.spec.drivers.find((driver) => driver.name === spec.attacher)?.nodeID
  if (nodeId === undefined) {
    return { kind: "refuse", message: `CSINode ${spec.nodeName} does not contain driver ${spec.attacher}` }
  }
  const { name: secret, namespace } = csi.controllerPublishSecretRef ?? {}
  const reference = secret ? { secret: { name: secret, namespace: namespace ?? "" } } : {}
  return { kind: "attach", as: { volumeId: csi.volumeHandle, nodeId, ...reference } }
}

/** Pure: the one node that attaches: that of the volume if the driver's controller answers there, else the first where it does. */
function attacherNode(driver: string, nodeName: string, nodes: readonly CSINode[]): string {
  const serving = nodes
    .filter(({ metadata }) => metadata.annotations?.[controllersAnnotation]?.split(",").includes(driver))
    .map(({ metadata }) => metadata.name)
    .sort()
  return serving.includes(nodeName) ? nodeName : (serving[0] ?? nodeName)
}

/** Pure: as an external-attacher names it, so that one that comes later knows what is attached. */
export function finalizerOf(driver: string): string {
  return `external-attacher/${driver.replaceAll(/[^a-zA-Z0-9-]/g, "-").replace(/-$/, "-X")}`
}
