import type { Duplex, Readable, Writable } from "node:stream"
import type { FirstProcess } from "./first-process.ts"

/**
 * What the kubelet needs of something that runs pods: the shape of CRI, without its breadth. Makers: containerd through
 * CRI, plain processes (for a laptop without root), and a simulated one for tests.
 *
 * Every call is idempotent in the direction of its verb: stopping or removing what is gone succeeds.
 */
export interface Runtime extends AsyncDisposable {
  /** `containerd://1.6.20`, as a Node's status shows it. */
  version(): Promise<string>
  /** Prefix of container ids in a pod's status: `containerd`. */
  readonly scheme: string
  /** What pods cannot have here, in one sentence; told to users. Absent when nothing is lacking. */
  readonly lacks?: string
  /** Everything that there is; asked at start and when events may have been missed. */
  list(): Promise<{ sandboxes: SandboxRecord[]; containers: ContainerRecord[] }>
  /** What a RuntimeClass may name as its handler; the usual one is "". Empty when the runtime does not tell. */
  handlers(): Promise<readonly string[]>
  /** Refuses what is none of its handlers. The sandbox's containers are made by the same. */
  runSandbox(config: SandboxConfig, handler: string): Promise<SandboxRecord>
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  createContainer(sandbox: SandboxRecord, config: ContainerConfig, sandboxConfig: SandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** Undefined when there is none. */
  container(id: string): Promise<ContainerRecord | undefined>
  /** What the stop signal of a running container goes to; undefined or absent where there is nothing to be said of it. */
  firstProcess?(id: string): Promise<FirstProcess | undefined>
  /** Stop signal, then SIGKILL after the grace. Resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  /** What every container that runs uses; read anew with each call. */
  stats(): Promise<ContainerStats[]>
  /** New limits for what runs; its processes notice nothing else. */
  updateResources(id: string, resources: ContainerResources): Promise<void>
  /** The log file was renamed: go on in a new one. */
  reopenLog(id: string): Promise<void>
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>
  /** What a client's exec, attach or port-forward connection is joined with. */
  openStream(request: StreamRequest): Promise<StreamTarget>
  /** Undefined when the image is not here. */
  image(reference: string): Promise<ImageRecord | undefined>
  images(): Promise<ImageRecord[]>
  pullImage(reference: string, credentials: Credentials | undefined, signal?: AbortSignal): Promise<string>
  removeImage(id: string): Promise<void>
  /** The files of images, for volumes. Absent where there are no images. */
  readonly imageViews?: ImageViews
  onEvent(listener: (event: RuntimeNotice) => void): () => void
}

/** Read-only views of images' files; an open one keeps its layers, even when the image is removed. */
export interface ImageViews {
  /** What is to be mounted, in this order, for the files of an image to be seen. A view that is open stays as it is. */
  open(view: ImageView, imageId: string): Promise<MountStep[]>
  close(key: string): Promise<void>
  /** All that are open. */
  list(): Promise<ImageView[]>
}

export interface ImageView {
  readonly key: string
  readonly podUid: string
}

/** In the words of mount(8). */
export interface MountStep {
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

/**
 * `relist`: the runtime answers, and some events may have been missed, so look at everything again. `lost`: it does not
 * answer any more; what runs may well go on running.
 */
export type RuntimeNotice =
  | { readonly kind: "relist" }
  | { readonly kind: "lost" }
  | { readonly kind: "exited"; readonly id: string; readonly exitCode: number; readonly atMs: number }
  | { readonly kind: "out-of-memory"; readonly id: string }

export interface PodIdentity {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}

export interface SandboxRecord {
  readonly id: string
  readonly pod: PodIdentity
  readonly attempt: number
  readonly ready: boolean
  readonly createdAtMs: number
  /** None on the host's network. */
  readonly ips: readonly string[]
}

export type ContainerState = "created" | "running" | "exited" | "unknown"

export interface ContainerRecord {
  readonly id: string
  readonly sandboxId: string
  readonly podUid: string
  readonly name: string
  readonly attempt: number
  readonly state: ContainerState
  readonly createdAtMs: number
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly exitCode?: number
  /** `OOMKilled`, `Error`, `Completed` … in the runtime's words. */
  readonly reason?: string
  readonly message?: string
  /** As the pod names it. */
  readonly image: string
  /** Digest reference of what runs. */
  readonly imageId: string
  readonly logPath: string
  /** What we noted on it at its creation. */
  readonly annotations: Readonly<Record<string, string>>
}

/** What a container has used of the processors, and what it holds. */
export interface ContainerStats {
  readonly id: string
  /** When it was read. */
  readonly atMs: number
  /** Time on processors since its start. */
  readonly cpuNs: number
  readonly memory: MemoryStats
  /** What it has written on top of its image; absent where there is no such layer. */
  readonly writtenBytes?: number
}

export interface MemoryStats {
  /** What cannot be taken back without ending something. */
  readonly workingSetBytes: number
  /** With what is only cached. */
  readonly usageBytes: number
  readonly rssBytes: number
}

export interface DnsSettings {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface SandboxConfig {
  readonly pod: PodIdentity
  readonly attempt: number
  readonly hostname: string
  readonly logDirectory: string
  readonly cgroupParent: string
  readonly dns: DnsSettings | undefined
  readonly hostNetwork: boolean
  readonly hostPid: boolean
  readonly hostIpc: boolean
  readonly shareProcesses: boolean
  readonly portMappings: readonly PortMapping[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly privileged: boolean
  readonly seccomp: SeccompProfile
}

export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP"
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIp: string
}

export type SeccompProfile =
  | { readonly kind: "runtime-default" }
  | { readonly kind: "unconfined" }
  | { readonly kind: "localhost"; readonly path: string }

export type AppArmorProfile =
  | { readonly kind: "runtime-default" }
  | { readonly kind: "unconfined" }
  /** One that the machine's operator has loaded. */
  | { readonly kind: "localhost"; readonly name: string }

export interface MountConfig {
  readonly containerPath: string
  readonly hostPath: string
  readonly readOnly: boolean
  readonly propagation: "private" | "host-to-container" | "bidirectional"
}

/** A block device of the machine that a container may use, and no other. */
export interface DeviceConfig {
  readonly containerPath: string
  readonly hostPath: string
  readonly readOnly: boolean
}

export interface ContainerResources {
  readonly cpuShares: number
  /** Microseconds of CPU per period; 0: no limit. */
  readonly cpuQuota: number
  readonly cpuPeriod: number
  /** Bytes; 0: no limit. */
  readonly memoryLimit: number
  readonly oomScoreAdjust: number
}

export interface ContainerSecurity {
  readonly privileged: boolean
  readonly runAsUser: number | undefined
  readonly runAsGroup: number | undefined
  readonly supplementalGroups: readonly number[]
  readonly readOnlyRootFilesystem: boolean
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly noNewPrivileges: boolean
  readonly seccomp: SeccompProfile
  /** Undefined: nothing was asked for, so the runtime's own, on machines that have AppArmor. */
  readonly appArmor: AppArmorProfile | undefined
  readonly maskedPaths: readonly string[]
  readonly readOnlyPaths: readonly string[]
}

export interface ContainerConfig {
  readonly pod: PodIdentity
  readonly name: string
  readonly attempt: number
  /** Id or digest of an image that is here. */
  readonly imageId: string
  /** As the pod names it. */
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDirectory: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly mounts: readonly MountConfig[]
  readonly devices: readonly DeviceConfig[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Under the sandbox's log directory. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: ContainerResources
  readonly security: ContainerSecurity
  /** Container whose processes this one sees and may signal. */
  readonly targetId?: string
  /** Ports that the container says it listens on. */
  readonly ports: readonly number[]
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export type StreamRequest =
  | {
      readonly kind: "exec"
      readonly containerId: string
      readonly command: readonly string[]
      readonly streams: StreamChoice
    }
  | { readonly kind: "attach"; readonly containerId: string; readonly streams: StreamChoice }
  | { readonly kind: "port-forward"; readonly sandboxId: string; readonly ports: readonly number[] }

/**
 * `server`: the runtime has a streaming server, which speaks what clients speak: their bytes go there as they are.
 * `session`: it has only streams, and who asks speaks with the client; nothing runs before `start`.
 */
export type StreamTarget = { readonly kind: "server"; readonly url: string } | SessionTarget

export interface SessionTarget {
  readonly kind: "session"
  start(): Promise<StreamSession>
}

export type StreamSession = ProcessSession | PortSession

/** A process whose streams are held; outputs end when it has ended, or is let go of. */
export interface ProcessSession {
  readonly kind: "process"
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** None with a terminal. */
  readonly stderr: Readable | undefined
  /** How a command ended; undefined: the process was there before, and how it ends is its own. */
  readonly ended: Promise<number | undefined>
  resize(columns: number, rows: number): Promise<void>
  close(): Promise<void>
}

/** Connections to ports of a pod. */
export interface PortSession {
  readonly kind: "ports"
  /** Those that were asked for at the beginning. */
  readonly ports: readonly number[]
  /** Rejects when nobody listens there. */
  connect(port: number): Promise<Duplex>
  close(): Promise<void>
}

export interface StreamChoice {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface ImageRecord {
  readonly id: string
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  readonly bytes: number
  /** User that the image runs as: a number, a name, or unset. */
  readonly user:
    | { readonly kind: "id"; readonly id: number }
    | { readonly kind: "name"; readonly name: string }
    | undefined
  readonly pinned: boolean
}

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly identityToken?: string
  readonly registryToken?: string
}

/** Why a call of a runtime failed, when the caller can do something about it. */
export class RuntimeError extends Error {
  override name = "RuntimeError"
  readonly kind: "not-found" | "unavailable" | "timed-out" | "failed"

  constructor(kind: RuntimeError["kind"], message: string) {
    super(message)
    this.kind = kind
  }
}
