/** Pure: between CRI's messages and the kubelet's own words. */
import type * as Cri from "#containerd"
import type {
  AppArmorProfile,
  ContainerConfig,
  ContainerRecord,
  ContainerResources,
  ContainerState,
  ContainerStats,
  ImageRecord,
  PodIdentity,
  SandboxConfig,
  SandboxRecord,
  SeccompProfile,
} from "./runtime.ts"

/** Labels that bind what runs to the pod that asked for it: by them a new kubelet finds it again. */
export const podUidLabel = "io.kubernetes.pod.uid"
const podNameLabel = "io.kubernetes.pod.name"
const podNamespaceLabel = "io.kubernetes.pod.namespace"
export const containerNameLabel = "io.kubernetes.container.name"

const nsPerMs = 1e6
const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const
const protocolNumber = { TCP: 0, UDP: 1, SCTP: 2 } as const
const propagationNumber = { private: 0, "host-to-container": 1, bidirectional: 2 } as const
const states: readonly ContainerState[] = ["created", "running", "exited", "unknown"]

function podLabels(pod: PodIdentity): Record<string, string> {
  return { [podUidLabel]: pod.uid, [podNameLabel]: pod.name, [podNamespaceLabel]: pod.namespace }
}

export function toSandbox(config: SandboxConfig): Cri.PodSandboxConfig {
  return {
    metadata: { ...config.pod, attempt: config.attempt },
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns && {
      servers: [...config.dns.servers],
      searches: [...config.dns.searches],
      options: [...config.dns.options],
    },
    portMappings: config.portMappings.map((port) => ({
      protocol: protocolNumber[port.protocol],
      containerPort: port.containerPort,
      hostPort: port.hostPort,
      hostIp: port.hostIp,
    })),
    labels: { ...config.labels, ...podLabels(config.pod) },
    annotations: { ...config.annotations },
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: { ...config.sysctls },
      securityContext: {
        namespaceOptions: namespaces(config),
        privileged: config.privileged,
        seccomp: toSeccomp(config.seccomp),
      },
    },
  }
}

function namespaces(config: SandboxConfig): Cri.NamespaceOption {
  const shared = (host: boolean): number => (host ? namespaceMode.node : namespaceMode.pod)
  return {
    network: shared(config.hostNetwork),
    ipc: shared(config.hostIpc),
    pid: config.hostPid ? namespaceMode.node : config.shareProcesses ? namespaceMode.pod : namespaceMode.container,
  }
}

/** The target's processes are seen, unless all of the pod's, or of the machine's, are anyway. */
function containerNamespaces({ targetId }: ContainerConfig, sandbox: SandboxConfig): Cri.NamespaceOption {
  const own = namespaces(sandbox)
  if (targetId === undefined || own.pid !== namespaceMode.container) return own
  return { ...own, pid: namespaceMode.target, targetId }
}

function toSeccomp(profile: SeccompProfile): Cri.SecurityProfile {
  if (profile.kind === "localhost") return { profileType: 2, localhostRef: profile.path }
  return { profileType: profile.kind === "runtime-default" ? 0 : 1 }
}

function toAppArmor(profile: AppArmorProfile): Cri.SecurityProfile {
  if (profile.kind === "localhost") return { profileType: 2, localhostRef: profile.name }
  return { profileType: profile.kind === "runtime-default" ? 0 : 1 }
}

export function toContainer(config: ContainerConfig, sandbox: SandboxConfig): Cri.ContainerConfig {
  const { resources, security } = config
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.imageId, userSpecifiedImage: config.image },
    command: [...config.command],
    args: [...config.args],
    workingDir: config.workingDirectory,
    envs: config.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: config.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.readOnly,
      propagation: propagationNumber[mount.propagation],
    })),
    devices: config.devices.map(({ containerPath, hostPath, readOnly }) => ({
      containerPath,
      hostPath,
      permissions: readOnly ? "r" : "mrw",
    })),
    labels: { ...config.labels, ...podLabels(config.pod), [containerNameLabel]: config.name },
    annotations: { ...config.annotations },
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: toResources(resources),
      securityContext: {
        privileged: security.privileged,
        namespaceOptions: containerNamespaces(config, sandbox),
        runAsUser: security.runAsUser === undefined ? undefined : { value: security.runAsUser },
        runAsGroup: security.runAsGroup === undefined ? undefined : { value: security.runAsGroup },
        supplementalGroups: [...security.supplementalGroups],
        readonlyRootfs: security.readOnlyRootFilesystem,
        capabilities: {
          addCapabilities: [...security.addCapabilities],
          dropCapabilities: [...security.dropCapabilities],
        },
        noNewPrivs: security.noNewPrivileges,
        seccomp: toSeccomp(security.seccomp),
        ...(security.appArmor && { apparmor: toAppArmor(security.appArmor) }),
        maskedPaths: [...security.maskedPaths],
        readonlyPaths: [...security.readOnlyPaths],
      },
    },
  }
}

export function toResources(resources: ContainerResources): Cri.LinuxContainerResources {
  return {
    cpuShares: resources.cpuShares,
    cpuQuota: resources.cpuQuota,
    cpuPeriod: resources.cpuPeriod,
    memoryLimitInBytes: resources.memoryLimit,
    oomScoreAdj: resources.oomScoreAdjust,
  }
}

/** A sandbox that has just been made, without asking for its status: for one that has no address of its own. */
export function fromSandbox(id: string, config: SandboxConfig): SandboxRecord {
  return { id, pod: config.pod, attempt: config.attempt, ready: true, createdAtMs: 0, ips: [] }
}

export function fromSandboxStatus(status: Cri.PodSandboxStatus): SandboxRecord {
  const { ip, additionalIps = [] } = status.network ?? {}
  const { uid = "", name = "", namespace = "", attempt = 0 } = status.metadata ?? {}
  return {
    id: status.id ?? "",
    pod: { uid, name, namespace },
    attempt,
    ready: (status.state ?? 0) === 0,
    createdAtMs: (status.createdAt ?? 0) / nsPerMs,
    ips: [ip, ...additionalIps.map((more) => more.ip)].filter((address) => address !== undefined && address !== ""),
  } as SandboxRecord
}

export function fromContainer(status: Cri.ContainerStatus, sandboxId: string): ContainerRecord {
  const state = states[status.state ?? 0] ?? "unknown"
  const labels = status.labels ?? {}
  return {
    id: status.id ?? "",
    sandboxId,
    podUid: labels[podUidLabel] ?? "",
    name: labels[containerNameLabel] ?? status.metadata?.name ?? "",
    attempt: status.metadata?.attempt ?? 0,
    state,
    createdAtMs: (status.createdAt ?? 0) / nsPerMs,
    ...(status.startedAt && { startedAtMs: status.startedAt / nsPerMs }),
    ...(status.finishedAt && { finishedAtMs: status.finishedAt / nsPerMs }),
    ...(state === "exited" && { exitCode: status.exitCode ?? 0 }),
    ...(status.reason && { reason: status.reason }),
    ...(status.message && { message: status.message }),
    image: status.image?.image ?? "",
    imageId: status.imageRef ?? "",
    logPath: status.logPath ?? "",
    annotations: status.annotations ?? {},
  }
}

export function fromImage(image: Cri.Image): ImageRecord {
  const uid = image.uid?.value
  return {
    id: image.id ?? "",
    tags: image.repoTags ?? [],
    digests: image.repoDigests ?? [],
    bytes: image.size ?? 0,
    user: image.username
      ? { kind: "name", name: image.username }
      : uid === undefined && !image.uid
        ? undefined
        : { kind: "id", id: uid ?? 0 },
    pinned: image.pinned ?? false,
  }
}

/** Undefined for a container that does not run. */
export function fromStats({ attributes, cpu, memory, writableLayer }: Cri.ContainerStats): ContainerStats | undefined {
  const cpuNs = cpu?.usageCoreNanoSeconds?.value
  const workingSetBytes = memory?.workingSetBytes?.value
  if (attributes?.id === undefined || cpuNs === undefined || workingSetBytes === undefined) return undefined
  const usageBytes = memory?.usageBytes?.value ?? workingSetBytes
  const writtenBytes = writableLayer?.usedBytes?.value
  return {
    id: attributes.id,
    atMs: (cpu?.timestamp ?? 0) / nsPerMs,
    cpuNs,
    memory: { workingSetBytes, usageBytes, rssBytes: memory?.rssBytes?.value ?? 0 },
    ...(writtenBytes !== undefined && { writtenBytes }),
  }
}
