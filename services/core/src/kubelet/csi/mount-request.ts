import { createHash } from "node:crypto"
import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Volume } from "@wick/sdk/api/core/volume"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { VolumeProblem } from "../volume/payload.ts"
import type { SecretPlace } from "./driver-secret.ts"
import { accessModes, nodeCapability, type VolumeCapability } from "./messages.ts"
import type { Driver } from "./plugin-registry.ts"

type Lifecycle = "Ephemeral" | "Persistent"
export type VolumeMode = "Block" | "Filesystem"

/** What a driver is asked to mount, before it is known where. */
export interface MountWish {
  readonly driver: string
  readonly volumeId: string
  readonly lifecycle: Lifecycle
  readonly readOnly: boolean
  readonly fsType: string
  readonly accessModes: readonly string[]
  readonly mountFlags: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  readonly mode: VolumeMode
  /** What the driver is to know when it stages, and when it publishes. */
  readonly stageSecret?: SecretPlace | undefined
  readonly publishSecret?: SecretPlace | undefined
  /** And when what lies on the volume is to grow. */
  readonly expandSecret?: SecretPlace | undefined
}

/** Pure: a volume that lives as long as its pod; its id is the same whenever it is asked for. */
export function inlineWish(pod: Pod, name: string, source: NonNullable<Volume["csi"]>): MountWish {
  const hash = createHash("sha256").update(`${pod.metadata.uid}${name}`).digest("hex")
  return {
    driver: source.driver,
    volumeId: `csi-${hash}`,
    lifecycle: "Ephemeral",
    readOnly: source.readOnly ?? false,
    fsType: source.fsType ?? "",
    accessModes: ["ReadWriteOnce"],
    mountFlags: [],
    attributes: source.volumeAttributes ?? {},
    mode: "Filesystem",
    publishSecret: placeOf(source.nodePublishSecretRef, pod.metadata.namespace),
  }
}

/** Pure: a volume that outlives pods. Throws `VolumeProblem` for one that is not a driver's. */
export function persistentWish({ metadata, spec }: PersistentVolume): MountWish {
  const source = spec?.csi
  if (!source) throw new VolumeProblem(`volume "${metadata.name}" is not of a CSI driver`)
  return {
    driver: source.driver,
    volumeId: source.volumeHandle,
    lifecycle: "Persistent",
    readOnly: source.readOnly ?? false,
    fsType: source.fsType ?? "",
    accessModes: spec.accessModes ?? [],
    mountFlags: spec.mountOptions ?? [],
    attributes: source.volumeAttributes ?? {},
    mode: spec.volumeMode === "Block" ? "Block" : "Filesystem",
    stageSecret: placeOf(source.nodeStageSecretRef),
    publishSecret: placeOf(source.nodePublishSecretRef),
    expandSecret: placeOf(source.nodeExpandSecretRef),
  }
}

function placeOf(
  reference: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined,
  own = "",
): SecretPlace | undefined {
  return reference?.name ? { name: reference.name, namespace: reference.namespace || own } : undefined
}

/** Pure: why a driver may not be asked; `object` is what the cluster says of it, if anything. */
export function refusalOf(wish: MountWish, object: CSIDriver | undefined): string | undefined {
  const modes = object?.spec.volumeLifecycleModes ?? ["Persistent"]
  if (!modes.includes(wish.lifecycle)) {
    return `volume mode "${wish.lifecycle}" not supported by driver ${wish.driver} (only supports ${JSON.stringify(modes)})`
  }
  return undefined
}

/** Pure: whether the volume is attached to the node first; for a driver of which nothing is said it is. */
export function needsAttachment(wish: MountWish, object: CSIDriver | undefined): boolean {
  return wish.lifecycle === "Persistent" && (object?.spec.attachRequired ?? true)
}

/** Pure. The pod's group is the driver's to set where it can. */
export function capabilityOf(
  wish: Pick<MountWish, "accessModes" | "mode" | "fsType" | "mountFlags">,
  can: ReadonlySet<number>,
  fsGroup: number | undefined,
): VolumeCapability {
  const access = { accessMode: { mode: accessModeOf(wish.accessModes[0], can) } }
  if (wish.mode === "Block") return { block: {}, ...access }
  const isDelegated = fsGroup !== undefined && can.has(nodeCapability.mountGroup)
  return {
    mount: {
      fsType: wish.fsType,
      mountFlags: [...wish.mountFlags],
      ...(isDelegated && { volumeMountGroup: String(fsGroup) }),
    },
    ...access,
  }
}

/** A driver that does not tell several pods of a node from one knows one writing node only. */
function accessModeOf(name = "ReadWriteOnce", can: ReadonlySet<number>): number {
  const known = can.has(nodeCapability.singleNodeMultiWriter) ? accessModes.finer : accessModes.plain
  return known[name] ?? 0
}

/** Pure: what the driver is told of the volume, and of the pod where it wants that. */
export function contextOf(
  wish: MountWish,
  pod: Pod,
  object: CSIDriver | undefined,
  tokens: Readonly<Record<string, object>>,
): Record<string, string> {
  const { name, namespace = "", uid } = pod.metadata
  const of = "csi.storage.k8s.io/"
  return {
    ...wish.attributes,
    ...(object?.spec.podInfoOnMount && {
      [`${of}pod.name`]: name,
      [`${of}pod.namespace`]: namespace,
      [`${of}pod.uid`]: uid,
      [`${of}serviceAccount.name`]: pod.spec.serviceAccountName ?? "default",
      [`${of}ephemeral`]: String(wish.lifecycle === "Ephemeral"),
    }),
    ...(Object.keys(tokens).length > 0 && { [`${of}serviceAccount.tokens`]: JSON.stringify(tokens) }),
  }
}

/** Pure: whether this node gives the files to the pod's group. */
export function ownsFiles(wish: MountWish, driver: Driver, object: CSIDriver | undefined): boolean {
  if (wish.mode === "Block" || wish.readOnly || driver.capabilities.has(nodeCapability.mountGroup)) return false
  const policy = object?.spec.fsGroupPolicy ?? "ReadWriteOnceWithFSType"
  if (policy !== "ReadWriteOnceWithFSType") return policy === "File"
  return wish.fsType !== "" && wish.accessModes.every((mode) => mode.startsWith("ReadWriteOnce"))
}
