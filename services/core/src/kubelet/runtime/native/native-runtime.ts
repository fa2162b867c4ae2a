import { mkdir, realpath, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Containerd, type OciRuntime, ociMessage, type RuntimeEvent } from "#containerd"
import { namespacePlugin } from "#network"
import { criRuntime } from "../cri-runtime.ts"
import { type FirstProcess, firstProcess, signalNumber } from "../first-process.ts"
import { noHandler } from "../refusal.ts"
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
  type StreamSession,
  type StreamTarget,
} from "../runtime.ts"
import { loadUsualProfile } from "./app-armor.ts"
import { type OwnCall, ownCalls } from "./calls.ts"
import { cgroupStats } from "./cgroup-stats.ts"
import { Cni, readCniList } from "./cni.ts"
import type { ContainerEnd, ContainerNote } from "./container-note.ts"
import { type ContainerDraft, Containers, containerId } from "./containers.ts"
import { type ExecDeps, execSync, startExec } from "./exec.ts"
import { FifoStock } from "./fifo-stock.ts"
import { hostTraits } from "./host-traits.ts"
import type { ImageConfig } from "./image-config.ts"
import { LogPump } from "./log-pump.ts"
import { type HostTraits, ociResources } from "./oci-spec.ts"
import { Plugins } from "./plugins.ts"
import { PortRelay } from "./port-relay.ts"
import { holderConfig, isHolder } from "./process-holder.ts"
import { Sandboxes } from "./sandboxes.ts"
import { SpecMaker } from "./spec-maker.ts"

export interface NativeRuntimeOptions {
  readonly containerd: Containerd
  readonly cniConfDir: string
  readonly cniBinDirs: readonly string[]
  /** What the machine forgets when it is switched off: namespaces, FIFOs, how containers ended. In memory is best. */
  readonly directory: string
  /** Holds what of containers is too much for memory: what they say and write. On a disk. */
  readonly diskDirectory: string
  /** Whose containers these are, in a containerd that others use too. */
  readonly owner?: string | undefined
  /** Network namespaces, with an address each, that are kept ready for pods to come. */
  readonly poolSize?: number
  readonly clock: Clock
  readonly log: Log
}

const poolSizeDefault = 2

/**
 * Runs pods on containerd's own API: a container is a snapshot, a record and a task, and what a pod's containers share
 * is kept by the kernel, so that there is no process but theirs. Images stay with CRI's image service.
 */
export async function nativeRuntime(options: NativeRuntimeOptions): Promise<Runtime> {
  if (!hasNativePrograms(options.cniBinDirs)) {
    throw new Error("containers without CRI need programs of ours that cannot run here: start with --runtime cri")
  }
  const plugins = new Plugins(options.cniBinDirs)
  const cni = new Cni(await readCniList(options.cniConfDir), plugins)
  const runtime = new NativeRuntime(options, cni, plugins)
  await runtime.open()
  return runtime
}

/** Whether the programs are there that make namespaces: they are for some processors, in a directory that runs programs. */
export function hasNativePrograms(cniBinDirs: readonly string[]): boolean {
  return new Plugins(cniBinDirs).find(namespacePlugin) !== undefined
}

interface Drafted {
  readonly id: string
  readonly sandbox: SandboxRecord
  readonly sandboxConfig: SandboxConfig
  readonly image: ImageConfig
  readonly config: ContainerConfig
}

class NativeRuntime implements Runtime {
  readonly scheme = "containerd"
  readonly imageViews: ImageViews
  readonly #options: NativeRuntimeOptions
  readonly #host: HostTraits = hostTraits()
  readonly #call: OwnCall
  /** For images, which CRI's image service keeps. */
  readonly #images: Runtime
  readonly #sandboxes: Sandboxes
  readonly #containers: Containers
  readonly #fifos: FifoStock
  readonly #logs: LogPump
  readonly #specs: SpecMaker
  readonly #listeners = new Set<(notice: RuntimeNotice) => void>()
  #connected = false
  #unsubscribe = (): void => {}

  constructor(options: NativeRuntimeOptions, cni: Cni, plugins: Plugins) {
    const { containerd, directory, owner, clock, log, poolSize = poolSizeDefault } = options
    this.#options = options
    this.#call = ownCalls(containerd)
    const images = criRuntime(containerd, owner)
    this.#images = images
    if (!images.imageViews) throw new Error("containerd has views of images")
    this.imageViews = images.imageViews
    this.#logs = new LogPump(clock, log)
    this.#fifos = new FifoStock(join(directory, "fifos"))
    const { hostname } = this.#host
    const sandboxes = join(directory, "sandboxes")
    this.#sandboxes = new Sandboxes({ directory: sandboxes, cni, plugins, poolSize, hostname, clock, log })
    this.#specs = new SpecMaker(containerd, this.#host)
    const onEnd = (id: string, end: ContainerEnd): void => {
      const note = this.#containers.noteOf(id)
      if (note && isHolder(note)) this.#tell({ kind: "relist" })
      else this.#tell({ kind: "exited", id, exitCode: end.exitCode, atMs: end.atMs })
    }
    const { diskDirectory } = options
    const place = { containerd, directory: join(directory, "containers"), diskDirectory, owner, clock, log }
    this.#containers = new Containers({
      ...place,
      views: images.imageViews,
      fifos: this.#fifos,
      logs: this.#logs,
      onEnd,
    })
  }

  async open(): Promise<void> {
    const { directory } = this.#options
    if (this.#host.appArmor) await loadUsualProfile()
    await mkdir(directory, { recursive: true, mode: 0o711 })
    await Promise.all(["execs", "relays"].map((name) => rm(join(directory, name), { recursive: true, force: true })))
    await Promise.all([this.#fifos.open(), this.#sandboxes.open()])
    await this.#containers.open(new Set(this.#sandboxes.list().map(({ id }) => id)))
    this.#unsubscribe = this.#options.containerd.onEvent((event) => void this.#heard(event))
  }

  version(): Promise<string> {
    return this.#images.version()
  }

  async list(): Promise<{ sandboxes: SandboxRecord[]; containers: ContainerRecord[] }> {
    const sandboxes = this.#sandboxes
      .list()
      .map((record) => ({ ...record, ready: record.ready && this.#whole(record.id) }))
    return { sandboxes, containers: this.#containers.list().filter((record) => !isHolder(record)) }
  }

  /** Without the process that holds the others together a pod has none. */
  #whole(sandboxId: string): boolean {
    return !this.#sandboxes.sharesProcesses(sandboxId) || this.#holderPid(sandboxId) !== undefined
  }

  #holderPid(sandboxId: string): number | undefined {
    const holder = this.#inside(sandboxId).find(isHolder)
    return holder && this.#containers.pid(holder.id)
  }

  async handlers(): Promise<readonly string[]> {
    return ["", ...this.#options.containerd.ociRuntimes.map(({ name }) => name)]
  }

  /** Undefined: whom containerd takes by itself, for one that is not ours tells nothing of them. */
  #ociRuntime(handler: string): OciRuntime | undefined {
    const { ociRuntimes } = this.#options.containerd
    const found = handler === "" ? ociRuntimes[0] : ociRuntimes.find(({ name }) => name === handler)
    if (found === undefined && handler !== "") throw noHandler(handler)
    return found
  }

  async runSandbox(config: SandboxConfig, handler: string): Promise<SandboxRecord> {
    this.#ociRuntime(handler)
    const sandbox = await this.#sandboxes.run(config, handler)
    if (!config.shareProcesses) return sandbox
    try {
      const imageId = await this.#options.containerd.sandboxImage()
      // What it never says is not the pod's.
      const quiet = { ...config, logDirectory: this.#sandboxes.path(sandbox.id) }
      await this.startContainer(await this.createContainer(sandbox, holderConfig(config, imageId), quiet))
      return sandbox
    } catch (error) {
      await this.removeSandbox(sandbox.id)
      throw error
    }
  }

  async stopSandbox(id: string): Promise<void> {
    await Promise.all(this.#inside(id).map((container) => this.#containers.stop(container.id, 0)))
    await this.#sandboxes.stop(id)
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id)
    await Promise.all(this.#inside(id).map((container) => this.removeContainer(container.id)))
    await this.#sandboxes.remove(id)
  }

  async createContainer(
    sandbox: SandboxRecord,
    config: ContainerConfig,
    sandboxConfig: SandboxConfig,
  ): Promise<string> {
    const id = containerId()
    const mounts = await Promise.all(
      config.mounts.map(async (mount) => ({ ...mount, hostPath: await present(mount.hostPath) })),
    )
    const given = { ...config, mounts }
    const image = await this.#specs.imageOf(config.imageId)
    await this.#containers.create(id, {
      ...{ config: given, volumes: image.volumes },
      ociRuntime: this.#ociRuntime(this.#sandboxes.handler(sandbox.id)),
      draft: (own) =>
        this.#draft({ id, sandbox, image, sandboxConfig, config: { ...given, mounts: [...mounts, ...own] } }),
    })
    return id
  }

  async #draft({ id, sandbox, sandboxConfig, image, config }: Drafted): Promise<ContainerDraft> {
    const target = this.#targetOf(config, sandbox.id)
    const spec = await this.#specs.make({
      ...{ id, config, image, sandbox: sandboxConfig, targetPid: target },
      namespaces: this.#sandboxes.namespaces(sandbox.id),
      files: this.#sandboxes.files(sandbox.id),
    })
    const note: ContainerNote = {
      ...{ sandboxId: sandbox.id, podUid: config.pod.uid, name: config.name, attempt: config.attempt },
      ...{ image: config.image, imageId: image.reference, annotations: config.annotations, tty: config.tty },
      logPath: join(sandboxConfig.logDirectory, config.logPath),
      stdin: !config.stdin ? "none" : config.stdinOnce ? "once" : "open",
      stopSignal: signalNumber(image.stopSignal),
      cgroup: spec.linux.cgroupsPath,
      sharesProcesses: target !== undefined || sandboxConfig.hostPid,
      process: spec.process,
    }
    return { spec, chainId: image.chainId, note }
  }

  /** The first process of those that a container sees; undefined: its own. */
  #targetOf(config: ContainerConfig, sandboxId: string): number | undefined {
    const { targetId } = config
    if (targetId === undefined && (isHolder(config) || !this.#sandboxes.sharesProcesses(sandboxId))) return undefined
    const pid = targetId === undefined ? this.#holderPid(sandboxId) : this.#containers.pid(targetId)
    if (pid !== undefined) return pid
    throw new RuntimeError("failed", targetId ? `the target container ${targetId} is not running` : "the pod has ended")
  }

  startContainer(id: string): Promise<void> {
    return this.#containers.start(id)
  }

  async container(id: string): Promise<ContainerRecord | undefined> {
    return this.#containers.get(id)
  }

  async firstProcess(id: string): Promise<FirstProcess | undefined> {
    const pid = this.#containers.pid(id)
    return pid === undefined ? undefined : firstProcess(pid, id, String(this.#containers.noteOf(id)?.stopSignal ?? ""))
  }

  stopContainer(id: string, graceSeconds: number): Promise<void> {
    return this.#containers.stop(id, graceSeconds)
  }

  removeContainer(id: string): Promise<void> {
    return this.#containers.remove(id)
  }

  async stats(): Promise<ContainerStats[]> {
    const atMs = this.#options.clock.now()
    const { snapshotter } = this.#options.containerd
    const running = this.#containers.list().filter((record) => record.state === "running" && !isHolder(record))
    const found = await Promise.all(
      running.map(async ({ id }) => {
        const stats = await cgroupStats(id, this.#containers.noteOf(id)?.cgroup ?? "", atMs)
        if (!stats) return []
        const { size } = await this.#call("snapshots.Usage", { snapshotter, key: id })
        return [{ ...stats, writtenBytes: size ?? 0 }]
      }),
    )
    return found.flat()
  }

  async updateResources(id: string, resources: ContainerResources): Promise<void> {
    const limits = ociMessage("LinuxResources", ociResources(resources, this.#host))
    await this.#call("tasks.Update", { containerId: id, resources: limits })
  }

  async reopenLog(id: string): Promise<void> {
    await this.#logs.reopen(id, this.#noteOf(id).logPath)
  }

  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const { process } = this.#noteOf(id)
    return execSync(this.#execDeps(), { containerId: id, process, command }, timeoutMs)
  }

  async openStream(request: StreamRequest): Promise<StreamTarget> {
    return { kind: "session", start: () => this.#startSession(request) }
  }

  async #startSession(request: StreamRequest): Promise<StreamSession> {
    if (request.kind === "attach") return this.#containers.attach(request.containerId)
    if (request.kind === "exec") {
      const { process } = this.#noteOf(request.containerId)
      return startExec(this.#execDeps(), { ...request, process })
    }
    const { network } = this.#sandboxes.namespaces(request.sandboxId)
    const relay = new PortRelay(network, join(this.#options.directory, "relays"))
    return {
      kind: "ports",
      ports: request.ports,
      connect: (port) => relay.connect(port),
      close: async () => relay.close(),
    }
  }

  #execDeps(): ExecDeps {
    const { clock, directory } = this.#options
    return { call: this.#call, fifos: this.#fifos, directory: join(directory, "execs"), clock }
  }

  image(reference: string): Promise<ImageRecord | undefined> {
    return this.#images.image(reference)
  }

  images(): Promise<ImageRecord[]> {
    return this.#images.images()
  }

  pullImage(reference: string, credentials: Credentials | undefined, signal?: AbortSignal): Promise<string> {
    return this.#images.pullImage(reference, credentials, signal)
  }

  removeImage(id: string): Promise<void> {
    return this.#images.removeImage(id)
  }

  onEvent(listener: (notice: RuntimeNotice) => void): () => void {
    this.#listeners.add(listener)
    if (this.#connected) listener({ kind: "relist" })
    return () => this.#listeners.delete(listener)
  }

  /** Containers go on; what is only kept ready is given back, and containerd is left to whoever started it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    await this.#sandboxes.close()
    await this.#logs.stop()
  }

  async #heard(event: RuntimeEvent): Promise<void> {
    if (event.kind === "exited") return this.#containers.exited(event.containerId, event)
    if (event.kind === "out-of-memory") {
      if (this.#containers.ranOutOfMemory(event.containerId))
        this.#tell({ kind: "out-of-memory", id: event.containerId })
      return
    }
    this.#connected = event.kind === "connected"
    if (!this.#connected) return this.#tell({ kind: "lost" })
    await this.#containers.sync().catch((error) => this.#options.log.warn("cannot ask for containers", { error }))
    this.#tell({ kind: "relist" })
  }

  #inside(sandboxId: string): ContainerRecord[] {
    return this.#containers.list().filter((record) => record.sandboxId === sandboxId)
  }

  #noteOf(id: string): ContainerNote {
    const note = this.#containers.noteOf(id)
    if (!note) throw new RuntimeError("not-found", `container ${id} not found`)
    return note
  }

  #tell(notice: RuntimeNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }
}

/** A path that a container binds is made when it is not there, and is meant where its links lead. */
async function present(path: string): Promise<string> {
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error
    await mkdir(path, { recursive: true })
    return realpath(path)
  })
}
