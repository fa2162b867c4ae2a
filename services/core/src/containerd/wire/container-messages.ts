/** Messages of CRI v1 about containers, as far as they are used; every field may be absent, as in proto3. */
import type { ImageSpec, Int64Value } from "./image-messages.ts"
import type { PodSandboxConfig } from "./sandbox-messages.ts"

export interface AttachRequest {
  containerId?: string | undefined
  stdin?: boolean | undefined
  tty?: boolean | undefined
  stdout?: boolean | undefined
  stderr?: boolean | undefined
}
export interface AttachResponse {
  url?: string | undefined
}
export interface Capability {
  addCapabilities?: string[] | undefined
  dropCapabilities?: string[] | undefined
  addAmbientCapabilities?: string[] | undefined
}
export interface Container {
  id?: string | undefined
  podSandboxId?: string | undefined
  metadata?: ContainerMetadata | undefined
  image?: ImageSpec | undefined
  imageRef?: string | undefined
  state?: number | undefined
  createdAt?: number | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  imageId?: string | undefined
}
export interface ContainerConfig {
  metadata?: ContainerMetadata | undefined
  image?: ImageSpec | undefined
  command?: string[] | undefined
  args?: string[] | undefined
  workingDir?: string | undefined
  envs?: KeyValue[] | undefined
  mounts?: Mount[] | undefined
  devices?: Device[] | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  logPath?: string | undefined
  stdin?: boolean | undefined
  stdinOnce?: boolean | undefined
  tty?: boolean | undefined
  linux?: LinuxContainerConfig | undefined
  stopSignal?: number | undefined
}
export interface ContainerFilter {
  id?: string | undefined
  state?: ContainerStateValue | undefined
  podSandboxId?: string | undefined
  labelSelector?: Record<string, string> | undefined
}
export interface ContainerMetadata {
  name?: string | undefined
  attempt?: number | undefined
}
export interface ContainerResources {
  linux?: LinuxContainerResources | undefined
}
export interface ContainerStateValue {
  state?: number | undefined
}
export interface ContainerStatus {
  id?: string | undefined
  metadata?: ContainerMetadata | undefined
  state?: number | undefined
  createdAt?: number | undefined
  startedAt?: number | undefined
  finishedAt?: number | undefined
  exitCode?: number | undefined
  image?: ImageSpec | undefined
  imageRef?: string | undefined
  reason?: string | undefined
  message?: string | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  mounts?: Mount[] | undefined
  logPath?: string | undefined
  resources?: ContainerResources | undefined
  imageId?: string | undefined
  user?: ContainerUser | undefined
  stopSignal?: number | undefined
}
export interface ContainerStatusRequest {
  containerId?: string | undefined
  verbose?: boolean | undefined
}
export interface ContainerStatusResponse {
  status?: ContainerStatus | undefined
  info?: Record<string, string> | undefined
}
export interface ContainerUser {
  linux?: LinuxContainerUser | undefined
}
export interface CreateContainerRequest {
  podSandboxId?: string | undefined
  config?: ContainerConfig | undefined
  sandboxConfig?: PodSandboxConfig | undefined
}
export interface CreateContainerResponse {
  containerId?: string | undefined
}
export interface Device {
  containerPath?: string | undefined
  hostPath?: string | undefined
  permissions?: string | undefined
}
export interface ExecRequest {
  containerId?: string | undefined
  cmd?: string[] | undefined
  tty?: boolean | undefined
  stdin?: boolean | undefined
  stdout?: boolean | undefined
  stderr?: boolean | undefined
}
export interface ExecResponse {
  url?: string | undefined
}
export interface ExecSyncRequest {
  containerId?: string | undefined
  cmd?: string[] | undefined
  timeout?: number | undefined
}
export interface ExecSyncResponse {
  stdout?: Uint8Array | undefined
  stderr?: Uint8Array | undefined
  exitCode?: number | undefined
}
export interface HugepageLimit {
  pageSize?: string | undefined
  limit?: number | undefined
}
export interface KeyValue {
  key?: string | undefined
  value?: Uint8Array | undefined
}
export interface LinuxContainerConfig {
  resources?: LinuxContainerResources | undefined
  securityContext?: LinuxContainerSecurityContext | undefined
}
export interface LinuxContainerResources {
  cpuPeriod?: number | undefined
  cpuQuota?: number | undefined
  cpuShares?: number | undefined
  memoryLimitInBytes?: number | undefined
  oomScoreAdj?: number | undefined
  cpusetCpus?: string | undefined
  cpusetMems?: string | undefined
  hugepageLimits?: HugepageLimit[] | undefined
  unified?: Record<string, string> | undefined
  memorySwapLimitInBytes?: number | undefined
}
export interface LinuxContainerSecurityContext {
  capabilities?: Capability | undefined
  privileged?: boolean | undefined
  namespaceOptions?: NamespaceOption | undefined
  selinuxOptions?: SELinuxOption | undefined
  runAsUser?: Int64Value | undefined
  runAsGroup?: Int64Value | undefined
  runAsUsername?: string | undefined
  readonlyRootfs?: boolean | undefined
  supplementalGroups?: number[] | undefined
  supplementalGroupsPolicy?: number | undefined
  noNewPrivs?: boolean | undefined
  maskedPaths?: string[] | undefined
  readonlyPaths?: string[] | undefined
  seccomp?: SecurityProfile | undefined
  apparmor?: SecurityProfile | undefined
  apparmorProfile?: string | undefined
  seccompProfilePath?: string | undefined
}
export interface LinuxContainerUser {
  uid?: number | undefined
  gid?: number | undefined
  supplementalGroups?: number[] | undefined
}
export interface ListContainersRequest {
  filter?: ContainerFilter | undefined
}
export interface ListContainersResponse {
  containers?: Container[] | undefined
}
export interface Mount {
  containerPath?: string | undefined
  hostPath?: string | undefined
  readonly?: boolean | undefined
  selinuxRelabel?: boolean | undefined
  propagation?: number | undefined
  recursiveReadOnly?: boolean | undefined
  image?: ImageSpec | undefined
  imageSubPath?: string | undefined
  mountOptions?: string[] | undefined
}
export interface NamespaceOption {
  network?: number | undefined
  pid?: number | undefined
  ipc?: number | undefined
  targetId?: string | undefined
}
export interface RemoveContainerRequest {
  containerId?: string | undefined
}
export interface ReopenContainerLogRequest {
  containerId?: string | undefined
}
export interface SELinuxOption {
  user?: string | undefined
  role?: string | undefined
  type?: string | undefined
  level?: string | undefined
}
export interface SecurityProfile {
  profileType?: number | undefined
  localhostRef?: string | undefined
}
export interface StartContainerRequest {
  containerId?: string | undefined
}
export interface StopContainerRequest {
  containerId?: string | undefined
  timeout?: number | undefined
}
export interface UpdateContainerResourcesRequest {
  containerId?: string | undefined
  linux?: LinuxContainerResources | undefined
}
