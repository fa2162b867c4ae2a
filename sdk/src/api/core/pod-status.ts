import * as z from "zod"
import {
  applyMapList,
  atomicList,
  coreType,
  flag,
  int32,
  int64,
  mapList,
  mergeList,
  optional,
  required,
  setList,
  text,
} from "../field.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { ResourceList, ResourceRequirements } from "./resources.ts"

export const ContainerStateWaiting = coreType(
  "ContainerStateWaiting",
  "The container does not run yet.",
  z.object({ reason: optional(text, "Why, in one word."), message: optional(text, "Why.") }),
)
export const ContainerStateRunning = coreType(
  "ContainerStateRunning",
  "The container runs.",
  z.object({ startedAt: optional(Time, "Since when.") }),
)
export const ContainerStateTerminated = coreType(
  "ContainerStateTerminated",
  "The container has ended.",
  z.object({
    exitCode: required(int32, "Exit status of its process."),
    signal: optional(int32, "Signal that ended it."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "What it said about its end."),
    startedAt: optional(Time, "When it started."),
    finishedAt: optional(Time, "When it ended."),
    containerID: optional(text, "Id of the container, type://id."),
  }),
)
export const ContainerState = coreType(
  "ContainerState",
  "State of a container; one of these.",
  z.object({
    waiting: optional(ContainerStateWaiting, "It does not run yet."),
    running: optional(ContainerStateRunning, "It runs."),
    terminated: optional(ContainerStateTerminated, "It has ended."),
  }),
)
export type ContainerState = z.output<typeof ContainerState>

export const ImageVolumeStatus = coreType(
  "ImageVolumeStatus",
  "The image that is mounted.",
  z.object({ imageRef: required(text, "Digest of the image.") }),
)
export const VolumeStatus = coreType(
  "VolumeStatus",
  "What is mounted.",
  z.object({ image: optional(ImageVolumeStatus, "For a volume of an image.") }),
)
export const VolumeMountStatus = coreType(
  "VolumeMountStatus",
  "How a volume is mounted.",
  z.object({
    name: required(text, "Name of the volume."),
    mountPath: required(text, "Where it appears."),
    readOnly: optional(flag, "Whether it is read-only."),
    recursiveReadOnly: optional(text, "Whether mounts below are read-only too."),
    volumeStatus: optional(VolumeStatus, "What is mounted."),
  }),
)
export const ResourceHealth = coreType(
  "ResourceHealth",
  "How a device is.",
  z.object({
    resourceID: required(text, "Id of the device."),
    health: optional(text, "Healthy, Unhealthy or Unknown."),
    message: optional(text, "Why."),
  }),
)
export const ResourceStatus = coreType(
  "ResourceStatus",
  "How the devices of a resource are.",
  z.object({
    name: required(text, "Name of the resource."),
    resources: optional(z.array(ResourceHealth), "Its devices.", applyMapList("resourceID")),
  }),
)
export const LinuxContainerUser = coreType(
  "LinuxContainerUser",
  "User of the first process.",
  z.object({
    uid: required(int64, "User id."),
    gid: required(int64, "Group id."),
    supplementalGroups: optional(z.array(int64), "Further groups.", atomicList),
  }),
)
export const ContainerUser = coreType(
  "ContainerUser",
  "User of the first process.",
  z.object({ linux: optional(LinuxContainerUser, "On Linux.") }),
)

export const ContainerStatus = coreType(
  "ContainerStatus",
  "What a container is doing.",
  z.object({
    name: required(text, "Name of the container."),
    state: optional(ContainerState, "Its state now."),
    lastState: optional(ContainerState, "How it ended the last time."),
    ready: required(flag, "Whether it can serve."),
    restartCount: required(int32, "How often it was restarted."),
    image: required(text, "Image that it runs."),
    imageID: required(text, "Digest of the image."),
    containerID: optional(text, "Id of the container, type://id."),
    started: optional(flag, "Whether it has passed its startup probe."),
    allocatedResources: optional(ResourceList, "Resources that the node gave it."),
    resources: optional(ResourceRequirements, "Resources in force."),
    volumeMounts: optional(z.array(VolumeMountStatus), "Its mounts.", mapList("mountPath")),
    user: optional(ContainerUser, "User of its first process."),
    allocatedResourcesStatus: optional(z.array(ResourceStatus), "How its devices are.", mapList("name")),
    stopSignal: optional(text, "Signal that stops it."),
  }),
)
export type ContainerStatus = z.output<typeof ContainerStatus>

export const PodCondition = coreType(
  "PodCondition",
  "One aspect of a pod's state.",
  z.object({
    type: required(text, "PodScheduled, Initialized, ContainersReady, Ready, …"),
    observedGeneration: optional(int64, "Generation that it was computed from."),
    status: required(ConditionStatus, "Whether it holds."),
    lastProbeTime: optional(Time, "When it was last looked at."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export type PodCondition = z.output<typeof PodCondition>

export const PodIP = coreType("PodIP", "An address of the pod.", z.object({ ip: required(text, "The address.") }))
export const HostIP = coreType("HostIP", "An address of the node.", z.object({ ip: required(text, "The address.") }))

export const PodPhase = z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown"])

export const PodResourceClaimStatus = coreType(
  "PodResourceClaimStatus",
  "The claim that was made for an entry of resourceClaims.",
  z.object({
    name: required(text, "Name in the pod."),
    resourceClaimName: optional(text, "Name of the claim; absent when none was needed."),
  }),
)
export const ContainerExtendedResourceRequest = coreType(
  "ContainerExtendedResourceRequest",
  "Which request of a claim stands for a container's extended resource.",
  z.object({
    containerName: required(text, "Name of the container."),
    resourceName: required(text, "Name of the resource."),
    requestName: required(text, "Name of the request."),
  }),
)
export const PodExtendedResourceClaimStatus = coreType(
  "PodExtendedResourceClaimStatus",
  "The claim that was made for extended resources.",
  z.object({
    requestMappings: required(z.array(ContainerExtendedResourceRequest), "What stands for what.", atomicList),
    resourceClaimName: required(text, "Name of the claim."),
  }),
)
export const NodeAllocatableResourceClaimStatus = coreType(
  "NodeAllocatableResourceClaimStatus",
  "Resources of the node that a claim takes.",
  z.object({
    resourceClaimName: required(text, "Name of the claim."),
    containers: optional(z.array(text), "Containers that use it.", setList),
    resources: optional(ResourceList, "What it takes."),
  }),
)

const statuses = z.array(ContainerStatus)

export const PodStatus = coreType(
  "PodStatus",
  "What a pod is doing.",
  z.object({
    observedGeneration: optional(int64, "Generation that the status is about."),
    phase: optional(PodPhase, "Where the pod stands in its life."),
    conditions: optional(z.array(PodCondition), "Aspects of its state.", mapList("type")),
    message: optional(text, "Why it is in this state."),
    reason: optional(text, "The same in one word, such as Evicted."),
    nominatedNodeName: optional(text, "Node that room is being made on."),
    hostIP: optional(text, "Address of the node."),
    hostIPs: optional(z.array(HostIP), "Addresses of the node.", { ...atomicList, ...mergeList("ip") }),
    podIP: optional(text, "Address of the pod, as soon as its network exists."),
    podIPs: optional(z.array(PodIP), "Addresses of the pod.", mapList("ip")),
    startTime: optional(Time, "When the node took the pod on."),
    initContainerStatuses: optional(statuses, "Init containers.", atomicList),
    containerStatuses: optional(statuses, "Containers.", atomicList),
    qosClass: optional(z.enum(["Guaranteed", "Burstable", "BestEffort"]), "Class by requests and limits."),
    ephemeralContainerStatuses: optional(statuses, "Containers added later.", atomicList),
    resize: optional(text, "Where a change of resources stands."),
    resourceClaimStatuses: optional(z.array(PodResourceClaimStatus), "Claims that were made.", {
      ...mapList("name"),
      "x-kubernetes-patch-strategy": "merge,retainKeys",
    }),
    extendedResourceClaimStatus: optional(PodExtendedResourceClaimStatus, "The claim for extended resources."),
    nodeAllocatableResourceClaimStatuses: optional(
      z.array(NodeAllocatableResourceClaimStatus),
      "Resources of the node that claims take.",
      applyMapList("resourceClaimName"),
    ),
    allocatedResources: optional(ResourceList, "Resources that the node gave the pod."),
    resources: optional(ResourceRequirements, "Resources in force for the pod as a whole."),
  }),
)
export type PodStatus = z.output<typeof PodStatus>
