/**
 * A containerd of our own, supervised, and the ways to speak to one: CRI over its unix socket and its event stream.
 *
 * Invariants: containerd and what it runs outlive this process and are adopted by the next one; nothing here polls a
 * running containerd; all its files are under the directories given. Only the kubelet and compositions import this.
 */
export type { ContainerdVersion, OciRuntime } from "./config.ts"
export type { Containerd, ContainerdOptions } from "./containerd.ts"
export { ContainerdError, startContainerd } from "./containerd.ts"
export type { CriCalls, CriClient, CriVerb } from "./cri-client.ts"
export type { RuntimeEvent } from "./event-stream.ts"
export type { ImageView, MountStep } from "./image-views.ts"
export { RuntimeCallError } from "./link.ts"
export type { OwnClient } from "./own-client.ts"
export { note, noted, ociMessage, shimOptions, timeOf } from "./own-client.ts"
export type * from "./wire/container-messages.ts"
export type { Any, MountsResponse } from "./wire/containerd-messages.ts"
export type * from "./wire/image-messages.ts"
export type { DNSConfig, PodSandboxConfig, PodSandboxStatus, PortMapping } from "./wire/sandbox-messages.ts"
export type { ContainerStats } from "./wire/stats-messages.ts"
export type { OwnContainer, PrepareSnapshotRequest, TaskProcess } from "./wire/task-messages.ts"
