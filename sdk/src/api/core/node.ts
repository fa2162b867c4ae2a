import * as z from "zod"
import { age } from "../column.ts"
import {
  atomicList,
  coreType,
  defaulted,
  flag,
  int32,
  int64,
  mapList,
  optional,
  required,
  setList,
  text,
  texts,
} from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { ResourceList } from "./resources.ts"
import { Taint } from "./scheduling.ts"

export const ConfigMapNodeConfigSource = coreType(
  "ConfigMapNodeConfigSource",
  "A ConfigMap with the node agent's configuration.",
  z.object({
    namespace: required(text, "Its namespace."),
    name: required(text, "Its name."),
    uid: optional(text, "Its UID."),
    resourceVersion: optional(text, "Its version."),
    kubeletConfigKey: required(text, "Key of the configuration."),
  }),
)
export const NodeConfigSource = coreType(
  "NodeConfigSource",
  "Where the node agent's configuration comes from; not used any more.",
  z.object({ configMap: optional(ConfigMapNodeConfigSource, "A ConfigMap.") }),
)
export const NodeConfigStatus = coreType(
  "NodeConfigStatus",
  "Which configuration is in force; not used any more.",
  z.object({
    assigned: optional(NodeConfigSource, "The one to use."),
    active: optional(NodeConfigSource, "The one in use."),
    lastKnownGood: optional(NodeConfigSource, "The one to fall back to."),
    error: optional(text, "What is wrong with the one to use."),
  }),
)

export const NodeSpec = coreType(
  "NodeSpec",
  "What a node should be.",
  z.object({
    podCIDR: optional(text, "Range of addresses for the node's pods."),
    podCIDRs: optional(texts, "Ranges of addresses for the node's pods.", {
      ...setList,
      "x-kubernetes-patch-strategy": "merge",
    }),
    providerID: optional(text, "Id of the machine at its provider."),
    unschedulable: optional(flag, "Whether new pods stay away."),
    taints: optional(z.array(Taint), "What keeps pods away.", atomicList),
    configSource: optional(NodeConfigSource, "Not used any more."),
    externalID: optional(text, "Not used any more."),
  }),
)

export const NodeCondition = coreType(
  "NodeCondition",
  "One aspect of a node's state.",
  z.object({
    type: required(text, "Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable."),
    status: required(ConditionStatus, "Whether it holds."),
    lastHeartbeatTime: optional(Time, "When the node last said so."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export type NodeCondition = z.output<typeof NodeCondition>

export const NodeAddress = coreType(
  "NodeAddress",
  "An address of the node.",
  z.object({ type: required(text, "InternalIP, ExternalIP, Hostname, …"), address: required(text, "The address.") }),
)
export const DaemonEndpoint = coreType("DaemonEndpoint", "A port.", z.object({ Port: required(int32, "Its number.") }))
export const NodeDaemonEndpoints = coreType(
  "NodeDaemonEndpoints",
  "Where the node's daemons listen.",
  z.object({ kubeletEndpoint: optional(DaemonEndpoint, "The node agent.") }),
)
export const NodeSystemInfo = coreType(
  "NodeSystemInfo",
  "What runs on the node.",
  z.object({
    machineID: required(text, "Id of the machine."),
    systemUUID: required(text, "Id of the system."),
    bootID: required(text, "Id of the boot."),
    kernelVersion: required(text, "Version of the kernel."),
    osImage: required(text, "Name of the operating system."),
    containerRuntimeVersion: required(text, "Container runtime, name://version."),
    kubeletVersion: required(text, "Version of the node agent."),
    kubeProxyVersion: defaulted(text, "", "Not set any more."),
    operatingSystem: required(text, "linux or windows."),
    architecture: required(text, "amd64, arm64, …"),
    swap: optional(
      coreType("NodeSwapStatus", "Swap space.", z.object({ capacity: optional(int64, "Bytes of it.") })),
      "Swap space of the node.",
    ),
  }),
)
export const ContainerImage = coreType(
  "ContainerImage",
  "An image on the node.",
  z.object({ names: optional(texts, "Names it is known by.", atomicList), sizeBytes: optional(int64, "Its size.") }),
)
export const AttachedVolume = coreType(
  "AttachedVolume",
  "A volume that is attached to the node.",
  z.object({ name: required(text, "Name of the volume."), devicePath: required(text, "Path of its device.") }),
)
export const NodeRuntimeHandlerFeatures = coreType(
  "NodeRuntimeHandlerFeatures",
  "What a container runtime can do.",
  z.object({
    recursiveReadOnlyMounts: optional(flag, "Mount whole trees read-only."),
    userNamespaces: optional(flag, "Run pods in user namespaces."),
  }),
)
export const NodeRuntimeHandler = coreType(
  "NodeRuntimeHandler",
  "A container runtime.",
  z.object({
    name: optional(text, "Its name; empty for the usual one."),
    features: optional(NodeRuntimeHandlerFeatures, "What it can do."),
  }),
)
export const NodeFeatures = coreType(
  "NodeFeatures",
  "What the node's container runtime can do.",
  z.object({ supplementalGroupsPolicy: optional(flag, "Take groups from the pod only.") }),
)
export const NodeStatus = coreType(
  "NodeStatus",
  "What a node is doing.",
  z.object({
    capacity: optional(ResourceList, "Resources that the node has."),
    allocatable: optional(ResourceList, "Resources that pods may have."),
    phase: optional(text, "Not set any more."),
    conditions: optional(z.array(NodeCondition), "Aspects of its state.", mapList("type")),
    addresses: optional(z.array(NodeAddress), "Its addresses.", mapList("type")),
    daemonEndpoints: optional(NodeDaemonEndpoints, "Where its daemons listen."),
    nodeInfo: optional(NodeSystemInfo, "What runs on it."),
    images: optional(z.array(ContainerImage), "Images on it.", atomicList),
    volumesInUse: optional(texts, "Volumes in use.", atomicList),
    volumesAttached: optional(z.array(AttachedVolume), "Volumes that are attached.", atomicList),
    config: optional(NodeConfigStatus, "Not used any more."),
    runtimeHandlers: optional(z.array(NodeRuntimeHandler), "Container runtimes that it offers.", atomicList),
    features: optional(NodeFeatures, "What its container runtime can do."),
    declaredFeatures: optional(texts, "Features that the node agent declares.", atomicList),
  }),
)

interface SeenNode {
  metadata: { labels?: Record<string, string> | undefined }
  spec?: z.output<typeof NodeSpec> | undefined
  status?: z.output<typeof NodeStatus> | undefined
}
const rolePrefix = "node-role.kubernetes.io/"
const info = (node: SeenNode) => node.status?.nodeInfo
const addressOf = (type: string) => (node: SeenNode) =>
  node.status?.addresses?.find((address) => address.type === type)?.address ?? "<none>"

function statusText(node: SeenNode): string {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready")
  const word = ready ? (ready.status === "True" ? "Ready" : "NotReady") : "Unknown"
  return node.spec?.unschedulable ? `${word},SchedulingDisabled` : word
}
function rolesText(node: SeenNode): string {
  const labels = Object.keys(node.metadata.labels ?? {})
  const roles = labels.filter((label) => label.startsWith(rolePrefix)).map((label) => label.slice(rolePrefix.length))
  return roles.sort().join(",") || "<none>"
}

export const Node = defineKind({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  shortNames: ["no"],
  namespaced: false,
  description: "Node is a machine that pods run on.",
  schema: z.object({
    spec: optional(NodeSpec, "What the node should be."),
    status: optional(NodeStatus, "What the node is doing."),
  }),
  subresources: { status: true },
  selectableFields: ["spec.unschedulable"],
  fieldTexts: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    { name: "Status", type: "string", value: statusText },
    { name: "Roles", type: "string", value: rolesText },
    age,
    { name: "Version", type: "string", value: (node) => info(node)?.kubeletVersion ?? "<unknown>" },
    { name: "Internal-IP", type: "string", priority: 1, value: addressOf("InternalIP") },
    { name: "External-IP", type: "string", priority: 1, value: addressOf("ExternalIP") },
    { name: "OS-Image", type: "string", priority: 1, value: (node) => info(node)?.osImage ?? "<unknown>" },
    { name: "Kernel-Version", type: "string", priority: 1, value: (node) => info(node)?.kernelVersion ?? "<unknown>" },
    {
      name: "Container-Runtime",
      type: "string",
      priority: 1,
      value: (node) => info(node)?.containerRuntimeVersion ?? "<unknown>",
    },
  ],
})
export type Node = KindOf<typeof Node>
