import type { Link } from "./link.ts"
import { type MethodClient, methodClient } from "./method-client.ts"
import type * as Containers from "./wire/container-messages.ts"
import type * as Images from "./wire/image-messages.ts"
import type * as Sandboxes from "./wire/sandbox-messages.ts"
import type * as Stats from "./wire/stats-messages.ts"

/** The calls of CRI v1 that are made, with what they take and give. */
export interface CriCalls {
  Version: [Sandboxes.VersionRequest, Sandboxes.VersionResponse]
  Status: [Sandboxes.StatusRequest, Sandboxes.StatusResponse]
  RunPodSandbox: [Sandboxes.RunPodSandboxRequest, Sandboxes.RunPodSandboxResponse]
  StopPodSandbox: [Sandboxes.StopPodSandboxRequest, object]
  RemovePodSandbox: [Sandboxes.RemovePodSandboxRequest, object]
  PodSandboxStatus: [Sandboxes.PodSandboxStatusRequest, Sandboxes.PodSandboxStatusResponse]
  ListPodSandbox: [Sandboxes.ListPodSandboxRequest, Sandboxes.ListPodSandboxResponse]
  CreateContainer: [Containers.CreateContainerRequest, Containers.CreateContainerResponse]
  StartContainer: [Containers.StartContainerRequest, object]
  StopContainer: [Containers.StopContainerRequest, object]
  RemoveContainer: [Containers.RemoveContainerRequest, object]
  ListContainers: [Containers.ListContainersRequest, Containers.ListContainersResponse]
  ContainerStatus: [Containers.ContainerStatusRequest, Containers.ContainerStatusResponse]
  ListContainerStats: [Stats.ListContainerStatsRequest, Stats.ListContainerStatsResponse]
  UpdateContainerResources: [Containers.UpdateContainerResourcesRequest, object]
  ReopenContainerLog: [Containers.ReopenContainerLogRequest, object]
  ExecSync: [Containers.ExecSyncRequest, Containers.ExecSyncResponse]
  Exec: [Containers.ExecRequest, Containers.ExecResponse]
  Attach: [Containers.AttachRequest, Containers.AttachResponse]
  PortForward: [Sandboxes.PortForwardRequest, Sandboxes.PortForwardResponse]
  ListImages: [Images.ListImagesRequest, Images.ListImagesResponse]
  ImageStatus: [Images.ImageStatusRequest, Images.ImageStatusResponse]
  PullImage: [Images.PullImageRequest, Images.PullImageResponse]
  RemoveImage: [Images.RemoveImageRequest, object]
}

export type CriVerb = keyof CriCalls

export type CriClient = MethodClient<CriCalls>

const imageVerbs: ReadonlySet<CriVerb> = new Set(["ListImages", "ImageStatus", "PullImage", "RemoveImage"])
/** A call that takes longer than this has gone wrong; calls that may take longer say so. */
const deadlineMsDefault = 30_000
/** Starting a sandbox runs CNI plugins, which may wait for each other when many start at once. */
const deadlineMsOf: Partial<Record<CriVerb, number>> = {
  RunPodSandbox: 240_000,
  CreateContainer: 120_000,
  StartContainer: 120_000,
  PullImage: 1_800_000,
}

export function createCriClient(link: Link): CriClient {
  return methodClient<CriCalls>(link, (verb) => ({
    path: `/runtime.v1.${imageVerbs.has(verb) ? "ImageService" : "RuntimeService"}/${verb}`,
    request: `runtime.v1.${verb}Request`,
    response: `runtime.v1.${verb}Response`,
    deadlineMs: deadlineMsOf[verb] ?? deadlineMsDefault,
  }))
}
