import type { Pod } from "@wick/sdk/api/core/pod"
import { seccomp } from "../container/security.ts"
import type { DnsSettings, PodIdentity, SandboxConfig } from "../runtime/runtime.ts"

export interface SandboxPlace {
  readonly logDirectory: string
  readonly cgroupParent: string
  readonly dns: DnsSettings
  readonly seccompDirectory: string
  readonly domain: string
}

const hostnameCharsMax = 63

export function identityOf(pod: Pod): PodIdentity {
  return { uid: pod.metadata.uid, name: pod.metadata.name, namespace: pod.metadata.namespace ?? "" }
}

/** Pure: what the runtime needs to know of a pod before there are containers. */
export function sandboxConfig(pod: Pod, attempt: number, place: SandboxPlace): SandboxConfig {
  const { spec } = pod
  return {
    pod: identityOf(pod),
    attempt,
    // On the host's network a pod has the host's name too; the runtime refuses to give it another.
    hostname: spec.hostNetwork ? "" : hostname(pod, place.domain),
    logDirectory: place.logDirectory,
    cgroupParent: place.cgroupParent,
    dns: place.dns,
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    shareProcesses: spec.shareProcessNamespace ?? false,
    portMappings: spec.hostNetwork ? [] : portMappings(pod),
    sysctls: Object.fromEntries((spec.securityContext.sysctls ?? []).map(({ name, value }) => [name, value])),
    labels: pod.metadata.labels ?? {},
    annotations: {},
    privileged: [...(spec.initContainers ?? []), ...spec.containers].some(
      ({ securityContext }) => securityContext?.privileged,
    ),
    seccomp: seccomp(spec.securityContext.seccompProfile, place.seccompDirectory),
  }
}

function hostname(pod: Pod, domain: string): string {
  const { spec, metadata } = pod
  const short = (spec.hostname || metadata.name).slice(0, hostnameCharsMax).replace(/[-.]+$/, "")
  if (!spec.setHostnameAsFQDN || !spec.subdomain) return short
  return `${short}.${spec.subdomain}.${metadata.namespace}.svc.${domain}`
}

function portMappings(pod: Pod): SandboxConfig["portMappings"] {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ protocol, containerPort, hostPort = 0, hostIP = "" }) => ({
        protocol,
        containerPort,
        hostPort,
        hostIp: hostIP,
      })),
  )
}

/** Pure: the hosts file of a pod. */
export function hostsFile(pod: Pod, podIps: readonly string[], domain: string): string {
  const name = hostname(pod, domain)
  const full = pod.spec.subdomain ? `${name}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${domain}\t` : ""
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    ...podIps.map((ip) => `${ip}\t${full}${name}`),
    ...(pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}`),
  ]
  return `${lines.join("\n")}\n`
}
