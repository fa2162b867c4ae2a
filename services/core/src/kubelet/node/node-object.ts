import type { Node } from "@wick/sdk/api/core/node"
import { withCondition } from "@wick/sdk/api/meta/condition"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { NodeFacts } from "./node-facts.ts"

type NodeStatus = NonNullable<Node["status"]>
type NodeCondition = NonNullable<NodeStatus["conditions"]>[number]

export interface NodeView {
  readonly name: string
  readonly facts: NodeFacts
  readonly runtimeVersion: string
  readonly version: string
  /** What a RuntimeClass may name as its handler; the usual one is "". */
  readonly runtimeHandlers: readonly string[]
  readonly podsMax: number
  /** Where the node itself can be asked; absent when only the API server can. */
  readonly port?: number
  /** Why the node takes no pods; absent when it does. */
  readonly unready?: string
}

/** Kept back from pods for the machine itself: this part of its memory, and at most so much. */
const reservedMemoryPart = 0.05
const reservedMemoryBytesMax = 512 * 1024 * 1024
const bytesPerKi = 1_024
/** Of what a runtime may be able to do beyond the usual, the kubelet asks for nothing. */
const handlerFeatures = { recursiveReadOnlyMounts: false, userNamespaces: false }

/** Pure: labels that say what a node is. */
export function nodeLabels({ name, facts }: NodeView): Record<string, string> {
  return {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": facts.architecture,
  }
}

/** Pure: a node's status. */
export function nodeStatus(view: NodeView, before: NodeStatus | undefined, nowMs: number): NodeStatus {
  const { facts } = view
  // Of these lists others write, at other times: what was read of them is not written over what they have written since.
  const { volumesAttached: _, volumesInUse: __, ...rest } = before ?? {}
  const reserved = Math.min(facts.memoryBytes * reservedMemoryPart, reservedMemoryBytesMax)
  const amounts = (memoryBytes: number) => ({
    cpu: String(facts.cpus),
    memory: `${Math.floor(memoryBytes / bytesPerKi)}Ki`,
    "ephemeral-storage": `${Math.floor(facts.diskBytes / bytesPerKi)}Ki`,
    pods: String(view.podsMax),
  })
  return {
    ...rest,
    capacity: amounts(facts.memoryBytes),
    allocatable: amounts(facts.memoryBytes - reserved),
    conditions: conditionsOf(view, before?.conditions, formatTime(nowMs)),
    addresses: [
      { type: "InternalIP", address: facts.hostIp },
      { type: "Hostname", address: view.name },
    ],
    ...(view.port !== undefined && { daemonEndpoints: { kubeletEndpoint: { Port: view.port } } }),
    runtimeHandlers: view.runtimeHandlers.map((name) => ({ name, features: handlerFeatures })),
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.machineId,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: view.runtimeVersion,
      kubeletVersion: view.version,
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: facts.architecture,
    },
  }
}

function conditionsOf(view: NodeView, before: NodeCondition[] | undefined, now: string): NodeCondition[] {
  const healthy = (type: string, reason: string, message: string) =>
    ({ type, status: "False", reason, message, lastHeartbeatTime: now }) as const
  const ready = view.unready
    ? ({ status: "False", reason: "KubeletNotReady", message: view.unready } as const)
    : ({ status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" } as const)
  const next = [
    healthy("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    healthy("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    healthy("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    { type: "Ready", ...ready, lastHeartbeatTime: now },
  ]
  return next.reduce<NodeCondition[]>((list, condition) => withCondition(list, condition, now), before ?? [])
}
