import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type KeptProcess, keepProcess } from "#kept-process"
import { bundleOf } from "./authorities.ts"
import { type ContainerdVersion, containerdConfig, type OciRuntime, parseVersion, plainRegistry } from "./config.ts"
import { type CriClient, createCriClient } from "./cri-client.ts"
import { followEvents, type RuntimeEvent } from "./event-stream.ts"
import { ImageUnpacker } from "./image-unpacker.ts"
import { type ImageViews, imageViews } from "./image-views.ts"
import { importImage } from "./import-image.ts"
import { type Link, openLink, RuntimeCallError } from "./link.ts"
import { criNamespaces, removeLostNamespaces } from "./lost-namespaces.ts"
import { leaveOciRuntimes, ociRuntimes } from "./oci-runtimes.ts"
import { OrphanShims } from "./orphan-shims.ts"
import { type ContainerdClients, createOwnClient } from "./own-client.ts"
import { pauseImage, pauseImageName } from "./pause-image.ts"
import { readOnlyProgramEnv } from "./read-only-program.ts"
import { stateDirectory } from "./state-directory.ts"

/** Containerd that is not there, or does not come up: why, and where it says more. */
export class ContainerdError extends Error {
  override name = "ContainerdError"
}

export interface ContainerdOptions {
  /** Holds all that is containerd's: images, running state, socket, configuration, log, pid. */
  readonly directory: string
  /**
   * What is forgotten when the machine is switched off, `<directory>/state` when absent: in memory is best, a container
   * makes and removes dozens of files there. The socket is in `<directory>/state` all the same.
   */
  readonly stateDirectory?: string
  readonly cniConfDir: string
  readonly cniBinDirs: readonly string[]
  /** Registries, `host:port`, that are spoken to in plain HTTP. */
  readonly plainRegistries?: readonly string[]
  /** PEM files of authorities that vouch for registries, beside this machine's. */
  readonly registryAuthorities?: readonly string[]
  /** Use a running containerd (unix socket) instead of one of our own. */
  readonly endpoint?: string
  readonly binary?: string
  readonly snapshotter?: string
  readonly clock: Clock
  readonly log: Log
}

export interface Containerd extends ContainerdClients, AsyncDisposable {
  readonly snapshotter: string
  /** Who makes containers, the usual one first; none of a containerd that is not ours, which has its own. */
  readonly ociRuntimes: readonly OciRuntime[]
  readonly imageViews: ImageViews
  /** Id of the image whose program does nothing but reap; it is there after that. */
  sandboxImage(): Promise<string>
  /** Does what stands on an image's layers; of an image that was imported and not pulled, after they were unpacked. */
  onLayers<T>(imageId: string, work: () => Promise<T>): Promise<T>
  /** Path of the unix socket. */
  readonly endpoint: string
  /** Whether it ran before. */
  readonly adopted: boolean
  /** Undefined for one that is not ours. */
  pid(): number | undefined
  /** Listens to what containerd tells by itself; the first event is `connected`. Returns its undoing. */
  onEvent(listener: (event: RuntimeEvent) => void): () => void
  /** Ends containerd. Containers go on running until they are removed. Disposing alone leaves containerd running. */
  stop(): Promise<void>
}

/** From spawn to the first answer of CRI; a first start on a slow disk takes seconds. */
const readyMsMax = 30_000
const readyCheckMs = 5
const callMs = 2_000
const stopGraceMs = 10_000
/** A path of a unix socket must fit into 108 bytes, with a zero; its ttrpc sibling adds a suffix. */
const socketPathMax = 100

const snapshotterDefault = "overlayfs"

/** Starts or adopts containerd and waits until it serves CRI and has the image that sandboxes are made of. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { clock, log } = options
  const own = options.endpoint === undefined ? await startOwn(options) : undefined
  const endpoint = options.endpoint?.replace(/^unix:(\/\/)?/, "") ?? own?.socket ?? ""
  const link = openLink(endpoint, clock.now)
  const cri = createCriClient(link)
  const clients = { cri, own: createOwnClient(link) }
  const snapshotter = options.snapshotter ?? snapshotterDefault
  const unpacker = new ImageUnpacker(link, clients, snapshotter, clock.now)
  const listeners = new Set<(event: RuntimeEvent) => void>()
  let connected = false
  const serves = () => cri.call("Version", {}, { deadlineMs: callMs })
  const events = followEvents(link, serves, clock, log, (event) => {
    if (event.kind === "connected") connected = true
    if (event.kind === "disconnected") {
      connected = false
      own?.daemon.check()
    }
    for (const listener of listeners) listener(event)
  })
  const orphans = own && new OrphanShims({ socket: own.socket, clock, log })
  const close = (): void => {
    orphans?.[Symbol.dispose]()
    events.close()
    link.close()
  }
  try {
    await serving(cri, clock)
    if (own) await haveSandboxImage(link, cri, clock)
    if (own && !own.daemon.adopted) await tidyNamespaces(cri, own.state, log)
  } catch (error) {
    close()
    await own?.daemon.stop()
    if (own) await leaveOciRuntimes(own.place)
    throw new ContainerdError(
      `containerd does not serve on ${endpoint}: ${messageOf(error)}${own ? `; see ${own.logFile}` : ""}`,
    )
  }
  return {
    ...clients,
    snapshotter,
    ociRuntimes: own?.runtimes ?? [],
    imageViews: imageViews(link, clients, unpacker, snapshotter),
    sandboxImage: () => haveSandboxImage(link, cri, clock),
    onLayers: (imageId, work) => unpacker.onLayers(imageId, work),
    endpoint,
    adopted: own?.daemon.adopted ?? true,
    pid: () => own?.daemon.pid(),
    onEvent: (listener) => {
      listeners.add(listener)
      if (connected) listener({ kind: "connected" })
      return () => listeners.delete(listener)
    },
    stop: async () => {
      close()
      await own?.daemon.stop()
      await orphans?.endAll()
      if (own) await leaveOciRuntimes(own.place)
    },
    [Symbol.asyncDispose]: async () => {
      close()
      own?.daemon.detach()
    },
  }
}

interface Own {
  readonly daemon: KeptProcess
  readonly runtimes: readonly OciRuntime[]
  readonly socket: string
  /** What the machine forgets when it is switched off. */
  readonly place: string
  /** Of what runs. */
  readonly state: string
  readonly logFile: string
}

async function startOwn(options: ContainerdOptions): Promise<Own> {
  const { directory, clock, log } = options
  const binary = options.binary ?? "containerd"
  const own = join(directory, "state")
  const socket = join(own, "containerd.sock")
  if (Buffer.byteLength(socket) > socketPathMax) {
    throw new ContainerdError(`the path of containerd's socket is too long (${socket}): choose a shorter directory`)
  }
  const registryDir = join(directory, "registries")
  const [version, authorities, state] = await Promise.all([
    versionOf(binary),
    bundleOf(options.registryAuthorities ?? []),
    stateDirectory(own, options.stateDirectory ?? own),
    mkdir(own, { recursive: true, mode: 0o711 }),
    writeRegistries(registryDir, options.plainRegistries ?? ["127.0.0.1:5000", "localhost:5000"]),
  ])
  const runtimes = await ociRuntimes(state)
  const run = join(state, "run")
  const config = containerdConfig({
    root: join(directory, "root"),
    state: run,
    runtimes,
    socket,
    cniConfDir: options.cniConfDir,
    cniBinDirs: options.cniBinDirs,
    registryDir,
    sandboxImage: pauseImageName,
    snapshotter: options.snapshotter ?? snapshotterDefault,
    version,
  })
  const configFile = join(directory, "config.toml")
  await writeChanged(configFile, config)
  const logFile = join(directory, "containerd.log")
  const bundle = join(directory, "authorities.pem")
  if (authorities !== undefined) await writeChanged(bundle, authorities)
  const daemon = await keepProcess({
    name: "containerd",
    command: binary,
    args: ["--config", configFile],
    env: { ...process.env, ...readOnlyProgramEnv, ...(authorities !== undefined && { SSL_CERT_FILE: bundle }) },
    fingerprint: createHash("sha256")
      .update(config)
      .update(authorities ?? "")
      .digest("hex"),
    pidFile: join(directory, "containerd.pid"),
    logFile,
    stopGraceMs,
    clock,
    log,
  })
  return { daemon, runtimes, socket, place: state, state: run, logFile }
}

async function versionOf(binary: string): Promise<ContainerdVersion> {
  const { stdout } = await promisify(execFile)(binary, ["--version"]).catch((error) => {
    throw new ContainerdError(`cannot run ${binary} (${messageOf(error)}): install containerd, or name a running one`)
  })
  const version = parseVersion(stdout)
  if (!version) throw new ContainerdError(`${binary} --version says no version: ${stdout.trim()}`)
  return version
}

async function writeRegistries(directory: string, hosts: readonly string[]): Promise<void> {
  await Promise.all(
    hosts.map(async (host) => {
      const file = join(directory, host, "hosts.toml")
      await mkdir(dirname(file), { recursive: true })
      await writeChanged(file, plainRegistry(host))
    }),
  )
}

async function writeChanged(file: string, content: string): Promise<void> {
  const present = await readFile(file, "utf8").catch(() => undefined)
  if (present !== content) await writeFile(file, content, { mode: 0o600 })
}

/** What cannot be told apart now is left to the next start. */
async function tidyNamespaces(cri: CriClient, state: string, log: Log): Promise<void> {
  await removeLostNamespaces(cri, join(state, criNamespaces)).catch((error) => {
    log.warn("network namespaces of an earlier containerd are not removed", { error })
  })
}

async function serving(cri: CriClient, clock: Clock): Promise<void> {
  await until(clock, async () => {
    await cri.call("Version", {}, { deadlineMs: callMs })
    return true
  })
}

/**
 * Resolves with its id. CRI learns of an image by an event of containerd's own, some milliseconds after it was stored.
 */
async function haveSandboxImage(link: Link, cri: CriClient, clock: Clock): Promise<string> {
  let id: string | undefined
  const present = async (): Promise<boolean> => {
    const { image } = await cri.call("ImageStatus", { image: { image: pauseImageName } })
    id = image?.id
    return image !== undefined
  }
  if (!(await present())) {
    await importImage(link, pauseImage(process.arch))
    await until(clock, present)
  }
  return id ?? ""
}

async function until(clock: Clock, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = clock.monotonic() + readyMsMax
  for (;;) {
    try {
      if (await attempt()) return
    } catch (error) {
      const starting = error instanceof RuntimeCallError && !error.unimplemented
      if (!starting || clock.monotonic() > deadline) throw error
    }
    if (clock.monotonic() > deadline) throw new Error(`no success within ${readyMsMax} ms`)
    await clock.sleep(readyCheckMs)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
