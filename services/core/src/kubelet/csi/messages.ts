import { assert } from "@wick/sdk/assert"
import protobuf from "protobufjs/light.js"
import messages from "./messages.json" with { type: "json" }

/** Messages of CSI v1 and of the kubelet's registration of plugins, as far as they are used. */
export interface CsiMessages {
  "csi.v1.Empty": object
  "csi.v1.NodeGetInfoResponse": NodeInfo
  "csi.v1.NodeGetCapabilitiesResponse": Capabilities
  "csi.v1.NodeStageVolumeRequest": StageRequest
  "csi.v1.NodeUnstageVolumeRequest": { volumeId?: string; stagingTargetPath?: string }
  "csi.v1.NodePublishVolumeRequest": PublishRequest
  "csi.v1.NodeUnpublishVolumeRequest": { volumeId?: string; targetPath?: string }
  "csi.v1.NodeExpandVolumeRequest": ExpandRequest
  "csi.v1.ControllerGetCapabilitiesResponse": Capabilities
  "csi.v1.ControllerPublishVolumeRequest": AttachRequest
  "csi.v1.ControllerPublishVolumeResponse": { publishContext?: Record<string, string> }
  "csi.v1.ControllerUnpublishVolumeRequest": DetachRequest
  "pluginregistration.PluginInfo": PluginInfo
  "pluginregistration.RegistrationStatus": { pluginRegistered?: boolean; error?: string }
}
export interface PluginInfo {
  type?: string
  name?: string
  endpoint?: string
  supportedVersions?: string[]
}
export interface NodeInfo {
  nodeId?: string
  maxVolumesPerNode?: number
  accessibleTopology?: { segments?: Record<string, string> }
}
export interface Capabilities {
  capabilities?: { rpc?: { type?: number } }[]
}
export interface VolumeCapability {
  block?: object
  mount?: { fsType?: string; mountFlags?: string[]; volumeMountGroup?: string }
  accessMode?: { mode?: number }
}
export interface AttachRequest {
  volumeId?: string
  nodeId?: string
  volumeCapability?: VolumeCapability
  readonly?: boolean
  secrets?: Record<string, string>
  volumeContext?: Record<string, string>
}
export interface DetachRequest {
  volumeId?: string
  nodeId?: string
  secrets?: Record<string, string>
}
export interface StageRequest {
  volumeId?: string
  publishContext?: Record<string, string>
  stagingTargetPath?: string
  volumeCapability?: VolumeCapability
  secrets?: Record<string, string>
  volumeContext?: Record<string, string>
}
export interface ExpandRequest {
  volumeId?: string
  volumePath?: string
  capacityRange?: { requiredBytes?: number }
  stagingTargetPath?: string
  volumeCapability?: VolumeCapability
  secrets?: Record<string, string>
}
export interface PublishRequest {
  volumeId?: string
  publishContext?: Record<string, string>
  stagingTargetPath?: string
  targetPath?: string
  volumeCapability?: VolumeCapability
  readonly?: boolean
  secrets?: Record<string, string>
  volumeContext?: Record<string, string>
}

export type CsiMessage = keyof CsiMessages

/** Of NodeServiceCapability. */
export const nodeCapability = { stage: 1, expand: 3, singleNodeMultiWriter: 5, mountGroup: 6 } as const
/** Of ControllerServiceCapability. */
export const controllerCapability = { attach: 2, publishReadOnly: 8, singleNodeMultiWriter: 13 } as const
const multiNode = { ReadOnlyMany: 3, ReadWriteMany: 5 }
/** Of VolumeCapability.AccessMode, by Kubernetes' name; finer for drivers that tell pods of one node apart. */
export const accessModes: Readonly<Record<"plain" | "finer", Readonly<Record<string, number>>>> = {
  plain: { ReadWriteOnce: 1, ReadWriteOncePod: 1, ...multiNode },
  finer: { ReadWriteOnce: 7, ReadWriteOncePod: 6, ...multiNode },
}

const root = protobuf.Root.fromJSON(messages)
const conversion = { longs: Number, arrays: false, objects: false }

function typeOf(name: CsiMessage): protobuf.Type {
  const type = root.lookupType(name)
  assert(type instanceof protobuf.Type, "every message is of the descriptor")
  return type
}

export function encode<Name extends CsiMessage>(name: Name, message: CsiMessages[Name]): Buffer {
  const type = typeOf(name)
  return type.encode(type.fromObject(message)).finish() as Buffer
}

export function decode<Name extends CsiMessage>(name: Name, bytes: Uint8Array): CsiMessages[Name] {
  const type = typeOf(name)
  return type.toObject(type.decode(bytes), conversion) as CsiMessages[Name]
}
