import type { Node } from "@wick/sdk/api/core/node"
import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { Pod } from "@wick/sdk/api/core/pod"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { parseTime } from "@wick/sdk/api/meta/time"
import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import { uniqueVolumeName } from "@wick/sdk/volume-names"
import { type Catalog, type DesiredAttachment, desiredAttachments } from "./desired.ts"

/** How long whoever attaches has, before pods are told that it does not. */
export const attachMsMax = 120_000
/** How long a node that is not ready keeps what it has mounted, as far as is known. */
export const unmountMsMax = 360_000
const outOfService = "node.kubernetes.io/out-of-service"

export interface Observed extends Catalog {
  readonly nodeName: string
  /** Undefined: it is gone. */
  readonly node: Node | undefined
  /** Those that are bound to the node. */
  readonly pods: readonly Pod[]
  /** Those of the node, by name. */
  readonly attachments: ReadonlyMap<string, VolumeAttachment>
  /** Where else a volume is attached, or is still being detached from. */
  readonly elsewhere: (volumeName: string) => readonly VolumeAttachment[]
  /** Names of pods of a namespace that use a volume elsewhere. */
  readonly usersElsewhere: (volume: PersistentVolume, namespace: string) => readonly string[]
  /** Since when nobody on the node wants an attachment, by our own clock. */
  readonly unwantedSinceMs: (name: string) => number
  readonly nowMs: number
}

/** What a pod's users are told. */
export interface News {
  readonly pod: Pod
  readonly reason: "FailedAttachVolume" | "SuccessfulAttachVolume"
  readonly message: string
}

export interface Plan {
  readonly attach: readonly DesiredAttachment[]
  readonly detach: readonly VolumeAttachment[]
  /** The node's `volumesAttached`: told before anything is detached. */
  readonly attached: readonly { readonly name: string; readonly devicePath: string }[]
  readonly news: readonly News[]
  /** When time alone will have changed something. */
  readonly wakeAfterMs: number | undefined
}

/**
 * What is to be done for one node:
 *
 *     nobody asked ──pod bound──▶ asked ──the driver's attacher──▶ attached ──last pod gone──▶ unwanted
 *     unwanted ──the node has it in use no more──▶ deleted ──the driver's attacher──▶ gone
 */
export function decide(observed: Observed): Plan {
  const { node, nodeName, attachments, nowMs } = observed
  const desired = node ? desiredAttachments(nodeName, observed.pods, observed) : new Map<string, DesiredAttachment>()
  const missing = [...desired.values()].filter(({ name }) => !attachments.has(name))
  const refused = missing.flatMap((each) => multiAttachNews(each, observed))
  const blocked = new Set(refused.map(({ attachment }) => attachment))
  const waits: number[] = []
  const detach: VolumeAttachment[] = []
  for (const [name, attachment] of attachments) {
    if (desired.has(name) || attachment.metadata.deletionTimestamp !== undefined) continue
    const waitMs = msUntilDetach(attachment, observed)
    if (waitMs <= 0) detach.push(attachment)
    else if (Number.isFinite(waitMs)) waits.push(waitMs)
  }
  const going = new Set(detach.map(({ metadata }) => metadata.name))
  const told = [...desired.values()].flatMap((each) => attachmentNews(each, attachments.get(each.name), nowMs))
  waits.push(...told.flatMap(({ waitMs }) => waitMs ?? []))
  return {
    attach: missing.filter(({ name }) => !blocked.has(name)),
    detach,
    attached: [...attachments.values()]
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined && !going.has(metadata.name))
      .flatMap((attachment) => attachedName(attachment, observed))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    news: [...refused.map(({ news }) => news), ...told.flatMap(({ news }) => news)],
    wakeAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
  }
}

/** 0: now. Never before the node has said that it has let go, unless nobody would say so any more. */
function msUntilDetach(attachment: VolumeAttachment, observed: Observed): number {
  const { node, nowMs, volume, unwantedSinceMs } = observed
  const { csi } = volume(attachment.spec.source.persistentVolumeName ?? "")?.spec ?? {}
  const inUse = csi !== undefined && node?.status?.volumesInUse?.includes(uniqueVolumeName(csi)) === true
  if (!node || !inUse) return 0
  if (node.spec?.taints?.some(({ key }) => key === outOfService)) return 0
  if (isConditionTrue(node.status?.conditions, "Ready")) return Number.POSITIVE_INFINITY
  return unwantedSinceMs(attachment.metadata.name) + unmountMsMax - nowMs
}

/** A volume that one node has at a time is not asked for while another still has it. */
function multiAttachNews(
  { name, volume, pods }: DesiredAttachment,
  { elsewhere, usersElsewhere }: Observed,
): { readonly attachment: string; readonly news: News }[] {
  const modes = volume.spec?.accessModes ?? []
  const isShared = modes.includes("ReadWriteMany") || modes.includes("ReadOnlyMany")
  if (isShared || elsewhere(volume.metadata.name).length === 0) return []
  return pods.map((pod) => {
    const users = usersElsewhere(volume, pod.metadata.namespace ?? "")
    const why =
      users.length > 0
        ? `Volume is already used by pod(s) ${users.join(", ")}`
        : "Volume is already exclusively attached to one node and can't be attached to another"
    const message = `Multi-Attach error for volume "${volume.metadata.name}" ${why}`
    return { attachment: name, news: { pod, reason: "FailedAttachVolume", message } }
  })
}

interface Told {
  readonly news: readonly News[]
  readonly waitMs?: number
}

function attachmentNews(
  { volume, source, pods }: DesiredAttachment,
  attachment: VolumeAttachment | undefined,
  nowMs: number,
): Told[] {
  if (!attachment || attachment.metadata.deletionTimestamp !== undefined) return []
  const of = `for volume "${volume.metadata.name}"`
  const tell = (reason: News["reason"], message: string): Told[] => [
    { news: pods.map((pod) => ({ pod, reason, message })) },
  ]
  const { attached, attachError } = attachment.status ?? {}
  if (attached) return tell("SuccessfulAttachVolume", `AttachVolume.Attach succeeded ${of}`)
  const failed = `AttachVolume.Attach failed ${of} :`
  if (attachError?.message) return tell("FailedAttachVolume", `${failed} ${attachError.message}`)
  const waitMs = parseTime(attachment.metadata.creationTimestamp ?? "") + attachMsMax - nowMs
  if (waitMs > 0) return [{ news: [], waitMs }]
  const { driver, volumeHandle } = source
  const late = `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${volumeHandle}`
  return tell("FailedAttachVolume", `${failed} ${late}`)
}

function attachedName({ spec, status }: VolumeAttachment, { volume }: Observed): Plan["attached"] {
  const { csi } = volume(spec.source.persistentVolumeName ?? "")?.spec ?? {}
  return status?.attached && csi ? [{ name: uniqueVolumeName(csi), devicePath: "" }] : []
}
