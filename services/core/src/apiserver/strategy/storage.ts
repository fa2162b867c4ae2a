import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { CSINode } from "@wick/sdk/api/storage/csi-node"
import type { CSIStorageCapacity } from "@wick/sdk/api/storage/csi-storage-capacity"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import type { VolumeAttributesClass } from "@wick/sdk/api/storage/volume-attributes-class"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { each, forbidden, invalid, oneOf, present, repeated, required } from "./mistake.ts"
import { dnsSubdomain, qualifiedName } from "./name-format.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"

const reclaimPolicies = ["Delete", "Retain"]
const bindingModes = ["Immediate", "WaitForFirstConsumer"]
const lifecycleModes = ["Ephemeral", "Persistent"]
const fsGroupPolicies = ["File", "None", "ReadWriteOnceWithFSType"]
const tokenSecondsMin = 600

/** Fields that never change, as one list of refusals. */
export function frozen(
  object: AnyObject,
  old: AnyObject | undefined,
  fields: readonly string[],
  text?: string,
): FieldError[] {
  if (!old) return []
  const at = (source: AnyObject, path: string): unknown =>
    path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], source)
  const changed = fields.filter((path) => !jsonEqual(at(object, path) ?? null, at(old, path) ?? null))
  return changed.map((path) =>
    text === undefined ? invalid(path, at(object, path), "field is immutable") : forbidden(path, text),
  )
}

export const storageClasses: Strategy = {
  validate(object, old) {
    const { provisioner, reclaimPolicy, volumeBindingMode, parameters } = object as unknown as StorageClass
    const fixed = "updates to %s are forbidden."
    return [
      ...(provisioner ? qualifiedName("provisioner", provisioner.toLowerCase()) : [required("provisioner")]),
      ...oneOf("reclaimPolicy", reclaimPolicy, reclaimPolicies),
      ...oneOf("volumeBindingMode", volumeBindingMode, bindingModes),
      ...Object.keys(parameters ?? {}).flatMap((key) =>
        key === "" ? [invalid("parameters", key, "field can not be empty.")] : [],
      ),
      ...["parameters", "provisioner", "reclaimPolicy"].flatMap((field) =>
        frozen(object, old, [field], fixed.replace("%s", field)),
      ),
      ...frozen(object, old, ["volumeBindingMode"]),
    ]
  },
}

export const csiDrivers: Strategy = {
  validate(object, old) {
    const { metadata, spec } = object as unknown as CSIDriver
    return [
      ...(metadata.name.length > 63
        ? [{ type: "TooLong" as const, field: "metadata.name", detail: "may not be more than 63 bytes" }]
        : []),
      ...each("spec.volumeLifecycleModes", spec.volumeLifecycleModes, (mode, at) => oneOf(at, mode, lifecycleModes)),
      ...oneOf("spec.fsGroupPolicy", spec.fsGroupPolicy, fsGroupPolicies),
      ...repeated("spec.tokenRequests", spec.tokenRequests, ({ audience }) => audience, "audience"),
      ...each("spec.tokenRequests", spec.tokenRequests, ({ expirationSeconds }, at) =>
        expirationSeconds !== undefined && expirationSeconds < tokenSecondsMin
          ? [invalid(`${at}.expirationSeconds`, expirationSeconds, "may not specify a duration less than 10 minutes")]
          : [],
      ),
      ...frozen(object, old, ["spec.attachRequired", "spec.volumeLifecycleModes"]),
    ]
  },
}

export const csiNodes: Strategy = {
  validate(object) {
    const { drivers } = (object as unknown as CSINode).spec
    return [
      ...repeated("spec.drivers", drivers, ({ name }) => name, "name"),
      ...each("spec.drivers", drivers, ({ name, nodeID, topologyKeys, allocatable }, at) => [
        ...(name ? dnsSubdomain(`${at}.name`, name.toLowerCase()) : [required(`${at}.name`)]),
        ...present(`${at}.nodeID`, nodeID),
        ...each(`${at}.topologyKeys`, topologyKeys, (key, field) => qualifiedName(field, key)),
        ...(allocatable?.count !== undefined && allocatable.count < 0
          ? [invalid(`${at}.allocatable.count`, allocatable.count, "must be greater than or equal to 0")]
          : []),
      ]),
    ]
  },
}

export const volumeAttachments: Strategy = {
  prepareCreate: forgetStatus,
  validate(object, old) {
    const { attacher, source, nodeName } = (object as unknown as VolumeAttachment).spec
    const field = "spec.source"
    const { inlineVolumeSpec, persistentVolumeName } = source
    return [
      ...present("spec.attacher", attacher),
      ...(inlineVolumeSpec && persistentVolumeName
        ? [forbidden(field, "must specify exactly one of inlineVolumeSpec and persistentVolumeName")]
        : []),
      ...(inlineVolumeSpec || persistentVolumeName
        ? []
        : [required(field, "must specify exactly one of inlineVolumeSpec and persistentVolumeName")]),
      ...present("spec.nodeName", nodeName),
      ...frozen(object, old, ["spec"]),
    ]
  },
}

export const csiStorageCapacities: Strategy = {
  validate(object, old) {
    const { storageClassName, nodeTopology } = object as unknown as CSIStorageCapacity
    return [
      ...(storageClassName ? dnsSubdomain("storageClassName", storageClassName) : [required("storageClassName")]),
      ...selectorMistakes("nodeTopology", nodeTopology),
      ...frozen(object, old, ["nodeTopology", "storageClassName"]),
    ]
  },
}

export const volumeAttributesClasses: Strategy = {
  validate(object, old) {
    const { driverName, parameters } = object as unknown as VolumeAttributesClass
    return [
      ...(driverName ? dnsSubdomain("driverName", driverName.toLowerCase()) : [required("driverName")]),
      ...(Object.keys(parameters ?? {}).length === 0
        ? [required("parameters", "must contain at least one key/value pair")]
        : []),
      ...frozen(object, old, ["driverName", "parameters"]),
    ]
  },
}
