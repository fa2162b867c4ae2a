import { mkdir, readFile } from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import os from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import type { Client, Fetch } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createEventRecorder, createInformer, type Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { HistogramCell } from "@wick/sdk/metrics"
import type { Tracing } from "@wick/sdk/tracing"
import { createKubeletFetch } from "./api/fetch.ts"
import { upgradeStream } from "./api/upgrade.ts"
import { writeDrivers } from "./csi/csi-node.ts"
import { CsiVolumes } from "./csi/csi-volumes.ts"
import { PluginRegistry } from "./csi/plugin-registry.ts"
import { VolumeAttacher } from "./csi/volume-attacher.ts"
import { ImageCollector, type ImageLimits } from "./image/image-collector.ts"
import { Images, pullWithAny } from "./image/images.ts"
import { type LogLimits, LogRotation } from "./log/log-rotation.ts"
import { weighCgroup } from "./node/cgroup.ts"
import { type NodeFacts, nodeFacts } from "./node/node-facts.ts"
import type { NodeView } from "./node/node-object.ts"
import { NodeRegistration } from "./node/node-registration.ts"
import { type ClusterDns, parseResolvConf } from "./pod/dns.ts"
import type { PodDeps } from "./pod/pod-deps.ts"
import { PodFleet } from "./pod/pod-fleet.ts"
import { Slots } from "./pod/slots.ts"
import { startBuckets } from "./pod/start-buckets.ts"
import type { Credentials, Runtime } from "./runtime/runtime.ts"
import { ClaimedVolumes } from "./volume/claimed-volumes.ts"
import { ObjectWatches } from "./volume/object-watches.ts"

export interface KubeletOptions {
  readonly nodeName: string
  readonly client: Client
  /** As whom volumes are attached for drivers that leave that to Wick; absent: their own attachers do it. */
  readonly attachClient?: Client
  /** Shared informers, for kinds that others of this process watch too. */
  readonly informers: Informers
  readonly runtime: Runtime
  /** Where cluster names are looked up; no servers: pods use the host's resolver. */
  readonly clusterDns: ClusterDns
  readonly podCidr?: string
  /** Holds pods' volumes and logs. */
  readonly directory: string
  /** A directory in memory, for volumes whose files come from the API; under `directory` when absent. */
  readonly volatileDirectory?: string
  /** Cgroup that all containers of this node are under, such as `/wick-1a2b3c`. */
  readonly cgroupParent: string
  /** Version that the node object shows. */
  readonly version: string
  /** The node's address when it is not the first one of the machine. */
  readonly hostIp?: string
  /** Where the node itself can be asked, on its address. */
  readonly port?: number
  readonly podsMax?: number
  readonly logLimits?: LogLimits
  readonly imageLimits?: ImageLimits | "none"
  /** Told once, before any pod is started, which sandboxes there are: addresses of all others are free. */
  readonly releaseAddresses?: (sandboxIds: ReadonlySet<string>) => Promise<unknown>
  readonly clock: Clock
  readonly log: Log
  /** Starts of pods are traced with it; none are unless given. */
  readonly tracing?: Pick<Tracing, "tracer"> | undefined
}

export interface Kubelet extends AsyncDisposable {
  /** Logs and what else the API server asks a node for. */
  readonly fetch: Fetch
  /** Exec, attach, port-forward: the connection is handed on to the runtime. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Has an image beforehand, for pods that may come; at once when it is there. Each of the credentials is tried until one is
   * let in; they are asked for only when it has to be pulled.
   */
  pull(image: string, credentials: () => Promise<readonly Credentials[]>, signal: AbortSignal): Promise<void>
}

const podsMaxDefault = 250
/**
 * Sandboxes made and containers started at once. Each keeps a processor busy but while it waits for a disk, and then there is
 * one more: others would only make the first ones late. A pod that waits for its image or its volumes takes nobody's turn.
 */
const startsAtOnce = os.availableParallelism() + 1

/** Starts the node agent: adopts what runs, makes the node known, and follows the pods that are bound to it. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { nodeName, client, clock, log, runtime, tracing, directory, imageLimits: limits } = options
  const directories = await makeDirectories(options)
  const facts = withAddress(await nodeFacts(options.directory), options.hostIp)
  const events = createEventRecorder({ client, clock, log, component: "kubelet", host: nodeName })
  const watches = new ObjectWatches(client, clock, log)
  const services = options.informers(Service)
  const pods = createInformer(client, Pod, { fieldSelector: `spec.nodeName=${nodeName}` }, clock, log)
  const drivers = openDrivers(options, directories, () => void fleet.driversChanged())
  const { csi } = drivers
  const startSeconds = new HistogramCell(startBuckets)
  const deps: Omit<PodDeps, "claim" | "disclaim"> = {
    runtime,
    client,
    clock,
    log,
    tracing,
    startSeconds,
    events,
    watches,
    claims: new ClaimedVolumes({ client, nodeName, directory: persistentDirectory(options.directory), csi, events }),
    csi,
    directories,
    nodeName,
    images: new Images(runtime, clock),
    slots: new Slots(startsAtOnce),
    services,
    cgroupParent: options.cgroupParent,
    clusterDns: options.clusterDns,
    hostDns: parseResolvConf(await readFile("/etc/resolv.conf", "utf8").catch(() => "")),
    hostIp: facts.hostIp,
    allocatable: allocatableOf(facts),
    memoryBytes: facts.memoryBytes,
  }
  const collector = new ImageCollector({ runtime, directory, clock, log, limits })
  const fleet = new PodFleet(
    { ...deps, releaseAddresses: options.releaseAddresses },
    pods,
    () => void collector.consider(() => fleet.workers()),
  )
  const rotation = new LogRotation({ runtime, clock, log, workers: () => fleet.workers(), limits: options.logLimits })
  const annotations = runtime.lacks ? { "wick.dev/runtime-lacks": runtime.lacks } : {}
  const registration = new NodeRegistration({ client, clock, log, podCidr: options.podCidr, annotations })
  await services.synced
  await weighPods(options, facts)
  await fleet.start()
  const view = await viewOf(options, facts)
  await registration.register(view)
  const unsubscribe = tellReadiness(runtime, registration, view)
  rotation.start()
  await drivers.start()
  return {
    fetch: createKubeletFetch({ fleet, clock, runtime, nodeName, startSeconds, directory: options.directory }),
    upgrade: (request, socket, head) => upgradeStream({ fleet, runtime, log }, request, socket, head),
    pull: async (image, credentials, signal) => {
      if (!(await runtime.image(image))) await pullWithAny(runtime, { image, credentials, signal })
    },
    [Symbol.asyncDispose]: async () => {
      rotation.stop()
      await drivers[Symbol.asyncDispose]()
      unsubscribe()
      await registration[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
      await pods[Symbol.asyncDispose]()
      await watches[Symbol.asyncDispose]()
      await events[Symbol.asyncDispose]()
    },
  }
}

interface Drivers extends AsyncDisposable {
  readonly csi: CsiVolumes | undefined
  /** Tells what was mounted before, and looks for drivers. */
  start(): Promise<void>
}

/** Plain processes are in no cgroup, and not every machine's may be changed: pods run all the same. */
async function weighPods({ runtime, cgroupParent, log }: KubeletOptions, { cpus }: NodeFacts): Promise<void> {
  if (!runtime.imageViews) return
  await weighCgroup(cgroupParent, cpus).catch((error: unknown) => {
    log.debug("pods weigh as one process against those of the machine", { error })
  })
}

/** Drivers of volumes that make themselves known, and what they mount; nothing is mounted for plain processes. */
function openDrivers(
  { client, attachClient, nodeName, directory, runtime, clock, log }: KubeletOptions,
  { pods, plugins }: { readonly pods: string; readonly plugins: string },
  onChange: () => void,
): Drivers {
  const registry: PluginRegistry = new PluginRegistry({
    directory: plugins,
    clock,
    log,
    onChange: async (drivers) => {
      await writeDrivers(client, nodeName, drivers)
      attacher?.driversChanged(drivers.size)
      onChange()
    },
  })
  const driver = (name: string) => registry.get(name)
  const attacher = attachClient && new VolumeAttacher({ client: attachClient, nodeName, driver, clock, log })
  const staging = join(directory, "plugins", "kubernetes.io", "csi")
  const csi = !runtime.imageViews
    ? undefined
    : new CsiVolumes({ client, nodeName, registry, clock, log, pods, staging })
  return {
    csi,
    start: async () => {
      if (!csi) return
      await csi.tellInUse().catch((error) => log.warn("the node's volumesInUse is not told", { error }))
      await registry.start()
    },
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]()
      await attacher?.[Symbol.asyncDispose]()
    },
  }
}

/** A node whose runtime does not answer takes no pods; those that it has go on. */
function tellReadiness(runtime: Runtime, registration: NodeRegistration, view: NodeView): () => void {
  return runtime.onEvent(({ kind }) => {
    if (kind === "lost") registration.update({ ...view, unready: "container runtime is down" })
    if (kind === "relist") registration.update(view)
  })
}

/** Of a kubelet's directory: where the volumes are that outlive pods. */
export function persistentDirectory(directory: string): string {
  return join(directory, "persistent")
}

async function makeDirectories(options: KubeletOptions) {
  const directories = {
    pods: join(options.directory, "pods"),
    volatile: join(options.volatileDirectory ?? join(options.directory, "volatile"), "pods"),
    logs: join(options.directory, "logs"),
    seccomp: join(options.directory, "seccomp"),
    plugins: join(options.directory, "plugins_registry"),
  }
  await Promise.all(Object.values(directories).map((directory) => mkdir(directory, { recursive: true, mode: 0o711 })))
  return directories
}

function withAddress(facts: NodeFacts, hostIp: string | undefined): NodeFacts {
  return hostIp === undefined ? facts : { ...facts, hostIp }
}

function allocatableOf(facts: NodeFacts): PodDeps["allocatable"] {
  return {
    cpu: String(facts.cpus),
    memory: String(facts.memoryBytes),
    "ephemeral-storage": String(facts.diskBytes),
  }
}

async function viewOf(options: KubeletOptions, facts: NodeFacts): Promise<NodeView> {
  const { runtime } = options
  const [runtimeVersion, runtimeHandlers] = await Promise.all([runtime.version(), runtime.handlers()])
  return {
    name: options.nodeName,
    facts,
    runtimeVersion,
    runtimeHandlers,
    version: options.version,
    podsMax: options.podsMax ?? podsMaxDefault,
    ...(options.port !== undefined && { port: options.port }),
  }
}
