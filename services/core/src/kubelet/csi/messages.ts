import { assert } from "@wick/sdk/assert"
import protobuf from "protobufjs/light.js"
import messages from "./messages.json" with { type: "json" }

/** Messages of CSI v1 and of the kubelet's registration of plugins, as far as they are used. */
export interface CsiMessages {
  "csi.v1.Empty": object
  "csi.v1.NodeGetInfoResponse": NodeInfo
  "csi.v1.NodeGetCapabilitiesResponse": NodeCapabilities
  "csi.v1.NodeStageVolumeRequest": StageRequest
  "csi.v1.NodeUnstageVolumeRequest": { volumeId?: string; stagingTargetPath?: string }
  "csi.v1.NodePublishVolumeRequest": PublishRequest
  "csi.v1.NodeUnpublishVolumeRequest": { volumeId?: string; targetPath?: string }
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
export interface NodeCapabilities {
  capabilities?: { rpc?: { type?: number } }[]
}
export interface VolumeCapability {
  mount?: { fsType?: string; mountFlags?: string[]; volumeMountGroup?: string }
  accessMode?: { mode?: number }
}
export interface StageRequest {
  volumeId?: string
  stagingTargetPath?: string
  volumeCapability?: VolumeCapability
  volumeContext?: Record<string, string>
}
export interface PublishRequest {
  volumeId?: string
  stagingTargetPath?: string
  targetPath?: string
  volumeCapability?: VolumeCapability
  readonly?: boolean
  secrets?: Record<string, string>
  volumeContext?: Record<string, string>
}

export type CsiMessage = keyof CsiMessages

/** Of NodeServiceCapability. */
export const nodeCapability = { stage: 1, mountGroup: 6 } as const
/** Of VolumeCapability.AccessMode, by Kubernetes' name. */
export const accessMode: Readonly<Record<string, number>> = {
  ReadWriteOnce: 1,
  ReadOnlyMany: 3,
  ReadWriteMany: 5,
  ReadWriteOncePod: 6,
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
