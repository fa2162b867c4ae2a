import type { Containerd, CriCalls, CriVerb, RuntimeEvent } from "#containerd"
import {
  fromContainer,
  fromImage,
  fromSandbox,
  fromSandboxStatus,
  fromStats,
  toContainer,
  toResources,
  toSandbox,
} from "./cri-messages.ts"
import { type FirstProcess, firstProcess } from "./first-process.ts"
import { asRuntimeError, goneIsNone } from "./refusal.ts"
import {
  type ContainerConfig,
  type ContainerRecord,
  type ContainerResources,
  type ContainerStats,
  type Credentials,
  type ExecResult,
  type ImageRecord,
  type ImageViews,
  type Runtime,
  RuntimeError,
  type RuntimeNotice,
  type SandboxConfig,
  type SandboxRecord,
  type StreamRequest,
  type StreamTarget,
} from "./runtime.ts"

/** Beyond the grace period a container is killed; this long the call itself may last after that. */
const stopMarginMs = 60_000
/** CRI kills a command at its timeout and says so; the call lasts a little longer. */
const execMarginMs = 2_000

/** Label of sandboxes and containers in a containerd that others use too: whose they are. */
const ownerLabel = "wick.dev/instance"

/**
 * Runs pods on containerd through CRI. With an `owner`, the containerd is shared: what does not carry the owner's name is
 * another's, and is neither seen nor touched.
 */
export function criRuntime(containerd: Containerd, owner?: string): Runtime {
  return new CriRuntime(containerd, owner)
}

type ListedSandbox = NonNullable<CriCalls["ListPodSandbox"][1]["items"]>[number]

class CriRuntime implements Runtime {
  readonly scheme = "containerd"
  readonly #containerd: Containerd
  readonly #own: Readonly<Record<string, string>>
  readonly imageViews: ImageViews

  constructor(containerd: Containerd, owner: string | undefined) {
    this.#containerd = containerd
    this.#own = owner === undefined ? {} : { [ownerLabel]: owner }
    const views = containerd.imageViews
    const whose = owner ?? "wick"
    this.imageViews = {
      open: (view, imageId) => views.open(view, imageId, whose).catch(rethrow),
      close: (key) => views.close(key).catch(rethrow),
      list: () => views.list(whose).catch(rethrow),
    }
  }

  #owned<Config extends SandboxConfig | ContainerConfig>(config: Config): Config {
    return { ...config, labels: { ...config.labels, ...this.#own } }
  }

  async version(): Promise<string> {
    const { runtimeName, runtimeVersion } = await this.#call("Version", {})
    return `${runtimeName}://${runtimeVersion}`
  }

  async handlers(): Promise<readonly string[]> {
    const { ociRuntimes } = this.#containerd
    if (ociRuntimes.length > 0) return ["", ...ociRuntimes.map(({ name }) => name)]
    const { runtimeHandlers = [] } = await this.#call("Status", {})
    return runtimeHandlers.map(({ name = "" }) => name)
  }

  async list(): Promise<{ sandboxes: SandboxRecord[]; containers: ContainerRecord[] }> {
    const request = { filter: { labelSelector: this.#own } }
    const [listed, contained] = await Promise.all([
      this.#call("ListPodSandbox", request),
      this.#call("ListContainers", request),
    ])
    const items = contained.containers ?? []
    const sandboxOf = new Map(items.map(({ id, podSandboxId }) => [id, podSandboxId]))
    const [sandboxes, containers] = await Promise.all([
      Promise.all((listed.items ?? []).map((item) => this.#sandboxOf(item))),
      Promise.all(items.map(({ id: containerId }) => this.#call("ContainerStatus", { containerId }).catch(goneIsNone))),
    ])
    return {
      sandboxes: sandboxes.filter((sandbox) => sandbox !== undefined),
      containers: containers.flatMap((found) =>
        found?.status ? [fromContainer(found.status, sandboxOf.get(found.status.id) ?? "")] : [],
      ),
    }
  }

  async runSandbox(config: SandboxConfig, runtimeHandler: string): Promise<SandboxRecord> {
    const request = { config: toSandbox(this.#owned(config)), runtimeHandler }
    const { podSandboxId = "" } = await this.#call("RunPodSandbox", request)
    const status = config.hostNetwork ? undefined : await this.#sandboxStatus(podSandboxId)
    return status ? fromSandboxStatus(status) : fromSandbox(podSandboxId, config)
  }

  async stopSandbox(podSandboxId: string): Promise<void> {
    await this.#call("StopPodSandbox", { podSandboxId }, { deadlineMs: stopMarginMs }).catch(goneIsNone)
  }

  async removeSandbox(podSandboxId: string): Promise<void> {
    await this.#call("RemovePodSandbox", { podSandboxId }, { deadlineMs: stopMarginMs }).catch(goneIsNone)
  }

  async createContainer(sandbox: SandboxRecord, config: ContainerConfig, sandboxConfig: SandboxConfig) {
    const { containerId = "" } = await this.#call("CreateContainer", {
      podSandboxId: sandbox.id,
      config: toContainer(this.#owned(config), sandboxConfig),
      sandboxConfig: toSandbox(this.#owned(sandboxConfig)),
    })
    return containerId
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call("StartContainer", { containerId })
  }

  async container(containerId: string): Promise<ContainerRecord | undefined> {
    const found = await this.#call("ContainerStatus", { containerId }).catch(goneIsNone)
    return found?.status && fromContainer(found.status, "")
  }

  async firstProcess(containerId: string): Promise<FirstProcess | undefined> {
    const found = await this.#call("ContainerStatus", { containerId, verbose: true }).catch(goneIsNone)
    const { pid = 0 } = JSON.parse(found?.info?.info ?? "{}") as { pid?: number }
    if (pid === 0) return undefined
    const image = { image: found?.status?.imageRef ?? "" }
    const { info } = await this.#call("ImageStatus", { image, verbose: true })
    const { imageSpec } = JSON.parse(info?.info ?? "{}") as { imageSpec?: { config?: { StopSignal?: string } } }
    return firstProcess(pid, containerId, imageSpec?.config?.StopSignal)
  }

  async stopContainer(containerId: string, graceSeconds: number): Promise<void> {
    const deadlineMs = graceSeconds * 1_000 + stopMarginMs
    await this.#call("StopContainer", { containerId, timeout: graceSeconds }, { deadlineMs }).catch(goneIsNone)
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#call("RemoveContainer", { containerId }).catch(goneIsNone)
  }

  async stats(): Promise<ContainerStats[]> {
    const { stats = [] } = await this.#call("ListContainerStats", { filter: { labelSelector: this.#own } })
    return stats.flatMap((each) => fromStats(each) ?? [])
  }

  async updateResources(containerId: string, resources: ContainerResources): Promise<void> {
    // How soon a container is killed when memory runs short is fixed at its start.
    const { oomScoreAdj: _, ...linux } = toResources(resources)
    await this.#call("UpdateContainerResources", { containerId, linux })
  }

  async reopenLog(containerId: string): Promise<void> {
    await this.#call("ReopenContainerLog", { containerId })
  }

  async execSync(containerId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const request = { containerId, cmd: [...command], timeout: Math.ceil(timeoutMs / 1_000) }
    const answer = await this.#call("ExecSync", request, { deadlineMs: timeoutMs + execMarginMs })
    return {
      exitCode: answer.exitCode ?? 0,
      stdout: Buffer.from(answer.stdout ?? []),
      stderr: Buffer.from(answer.stderr ?? []),
    }
  }

  async openStream(request: StreamRequest): Promise<StreamTarget> {
    const { url = "" } = await this.#streamUrl(request)
    return { kind: "server", url }
  }

  async image(reference: string): Promise<ImageRecord | undefined> {
    const { image } = await this.#call("ImageStatus", { image: { image: reference } })
    return image && fromImage(image)
  }

  async images(): Promise<ImageRecord[]> {
    return ((await this.#call("ListImages", {})).images ?? []).map(fromImage)
  }

  async pullImage(reference: string, credentials: Credentials | undefined, signal?: AbortSignal): Promise<string> {
    const request = { image: { image: reference }, auth: credentials && toAuth(credentials) }
    return (await this.#call("PullImage", request, { signal })).imageRef ?? ""
  }

  async removeImage(id: string): Promise<void> {
    await this.#call("RemoveImage", { image: { image: id } }).catch(goneIsNone)
  }

  onEvent(listener: (notice: RuntimeNotice) => void): () => void {
    return this.#containerd.onEvent((event) => listener(noticeOf(event)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#containerd[Symbol.asyncDispose]()
  }

  async #call<Verb extends CriVerb>(
    verb: Verb,
    request: CriCalls[Verb][0],
    options?: { deadlineMs?: number; signal?: AbortSignal | undefined },
  ): Promise<CriCalls[Verb][1]> {
    try {
      return await this.#containerd.cri.call(verb, request, options)
    } catch (error) {
      throw asRuntimeError(error)
    }
  }

  async #sandboxStatus(podSandboxId: string | undefined) {
    const found = await this.#call("PodSandboxStatus", { podSandboxId }).catch(goneIsNone)
    return found?.status
  }

  /** One that containerd cannot look into, because its network is half taken away, must not hide all the others. */
  async #sandboxOf(item: ListedSandbox): Promise<SandboxRecord | undefined> {
    try {
      const status = await this.#sandboxStatus(item.id)
      return status && fromSandboxStatus(status)
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.kind !== "failed") throw error
      return { ...fromSandboxStatus(item), ready: false }
    }
  }

  #streamUrl(request: StreamRequest): Promise<{ url?: string | undefined }> {
    if (request.kind === "port-forward") {
      return this.#call("PortForward", { podSandboxId: request.sandboxId, port: [...request.ports] })
    }
    const { containerId, streams } = request
    if (request.kind === "attach") return this.#call("Attach", { containerId, ...streams })
    return this.#call("Exec", { containerId, cmd: [...request.command], ...streams })
  }
}

function noticeOf(event: RuntimeEvent): RuntimeNotice {
  if (event.kind === "connected") return { kind: "relist" }
  if (event.kind === "disconnected") return { kind: "lost" }
  if (event.kind === "out-of-memory") return { kind: "out-of-memory", id: event.containerId }
  return { kind: "exited", id: event.containerId, exitCode: event.exitCode, atMs: event.atMs }
}

/** Without the server: containerd would compare it, as a URL, with the host that it asks, which may be a mirror. */
function toAuth({ username, password, identityToken, registryToken }: Credentials) {
  return { username, password, identityToken, registryToken }
}

function rethrow(error: unknown): never {
  throw asRuntimeError(error)
}
