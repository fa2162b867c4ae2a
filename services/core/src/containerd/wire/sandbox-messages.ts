/** Messages of CRI v1 about sandboxes and the runtime itself; every field may be absent, as in proto3. */

import type { LinuxContainerResources, NamespaceOption, SELinuxOption, SecurityProfile } from "./container-messages.ts"
import type { Int64Value } from "./image-messages.ts"

export interface DNSConfig {
  servers?: string[] | undefined
  searches?: string[] | undefined
  options?: string[] | undefined
}
export interface LinuxPodSandboxConfig {
  cgroupParent?: string | undefined
  securityContext?: LinuxSandboxSecurityContext | undefined
  sysctls?: Record<string, string> | undefined
  resources?: LinuxContainerResources | undefined
}
export interface LinuxPodSandboxStatus {
  namespaces?: Namespace | undefined
}
export interface LinuxSandboxSecurityContext {
  namespaceOptions?: NamespaceOption | undefined
  selinuxOptions?: SELinuxOption | undefined
  runAsUser?: Int64Value | undefined
  runAsGroup?: Int64Value | undefined
  readonlyRootfs?: boolean | undefined
  supplementalGroups?: number[] | undefined
  supplementalGroupsPolicy?: number | undefined
  privileged?: boolean | undefined
  seccomp?: SecurityProfile | undefined
  apparmor?: SecurityProfile | undefined
  seccompProfilePath?: string | undefined
}
export interface ListPodSandboxRequest {
  filter?: PodSandboxFilter | undefined
}
export interface ListPodSandboxResponse {
  items?: PodSandbox[] | undefined
}
export interface Namespace {
  options?: NamespaceOption | undefined
}
export interface PodIP {
  ip?: string | undefined
}
export interface PodSandbox {
  id?: string | undefined
  metadata?: PodSandboxMetadata | undefined
  state?: number | undefined
  createdAt?: number | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  runtimeHandler?: string | undefined
}
export interface PodSandboxConfig {
  metadata?: PodSandboxMetadata | undefined
  hostname?: string | undefined
  logDirectory?: string | undefined
  dnsConfig?: DNSConfig | undefined
  portMappings?: PortMapping[] | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  linux?: LinuxPodSandboxConfig | undefined
}
export interface PodSandboxFilter {
  id?: string | undefined
  state?: PodSandboxStateValue | undefined
  labelSelector?: Record<string, string> | undefined
}
export interface PodSandboxMetadata {
  name?: string | undefined
  uid?: string | undefined
  namespace?: string | undefined
  attempt?: number | undefined
}
export interface PodSandboxNetworkStatus {
  ip?: string | undefined
  additionalIps?: PodIP[] | undefined
}
export interface PodSandboxStateValue {
  state?: number | undefined
}
export interface PodSandboxStatus {
  id?: string | undefined
  metadata?: PodSandboxMetadata | undefined
  state?: number | undefined
  createdAt?: number | undefined
  network?: PodSandboxNetworkStatus | undefined
  linux?: LinuxPodSandboxStatus | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  runtimeHandler?: string | undefined
}
export interface PodSandboxStatusRequest {
  podSandboxId?: string | undefined
  verbose?: boolean | undefined
}
export interface PodSandboxStatusResponse {
  status?: PodSandboxStatus | undefined
  info?: Record<string, string> | undefined
  timestamp?: number | undefined
}
export interface PortForwardRequest {
  podSandboxId?: string | undefined
  port?: number[] | undefined
}
export interface PortForwardResponse {
  url?: string | undefined
}
export interface PortMapping {
  protocol?: number | undefined
  containerPort?: number | undefined
  hostPort?: number | undefined
  hostIp?: string | undefined
}
export interface RemovePodSandboxRequest {
  podSandboxId?: string | undefined
}
export interface RunPodSandboxRequest {
  config?: PodSandboxConfig | undefined
  runtimeHandler?: string | undefined
}
export interface RunPodSandboxResponse {
  podSandboxId?: string | undefined
}
export interface RuntimeCondition {
  type?: string | undefined
  status?: boolean | undefined
  reason?: string | undefined
  message?: string | undefined
}
/** A way to run pods, by the name that a RuntimeClass has for it. */
export interface RuntimeHandler {
  name?: string | undefined
}
export interface RuntimeStatus {
  conditions?: RuntimeCondition[] | undefined
}
export interface StatusRequest {
  verbose?: boolean | undefined
}
export interface StatusResponse {
  status?: RuntimeStatus | undefined
  info?: Record<string, string> | undefined
  runtimeHandlers?: RuntimeHandler[] | undefined
}
export interface StopPodSandboxRequest {
  podSandboxId?: string | undefined
}
export interface VersionRequest {
  version?: string | undefined
}
export interface VersionResponse {
  version?: string | undefined
  runtimeName?: string | undefined
  runtimeVersion?: string | undefined
  runtimeApiVersion?: string | undefined
}
