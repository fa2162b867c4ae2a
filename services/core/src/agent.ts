import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Clock, Random } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { identities, type NodeConnection } from "#apiserver"
import { type Containerd, startContainerd } from "#containerd"
import { startDns } from "#dns"
import {
  type Kubelet,
  type KubeletOptions,
  offerLocalPath,
  persistentDirectory,
  processRuntime,
  removeCgroup,
  removeDirectory,
  startKubelet,
  unmountWithin,
  volatileDirectory,
} from "#kubelet"
import type { Network } from "#network"
import { openNodeDoor } from "./node-door/index.ts"
import { type ContainerMaker, endPods, openRuntime } from "./open-runtime.ts"
import type { ControlPlane } from "./server.ts"
import { type TraceTarget, traceComponent } from "./trace-component.ts"

export interface NodeOptions {
  readonly name: string
  /** Six hex digits that tell this Wick from others on the host. */
  readonly instance: string
  /** `containerd/` and `kubelet/` are kept in here. */
  readonly directory: string
  /** Without its keys the node is asked through the API server only. */
  readonly controlPlane: Pick<ControlPlane, "clientAs"> & Partial<Pick<ControlPlane, "pki">>
  /** Where other hosts of the cluster reach this one; absent: there are none. */
  readonly address?: string | undefined
  /** Undefined: pods are plain processes of this machine, on its loopback network. */
  readonly network: Network | undefined
  /** What makes containers; absent: as open-runtime.ts says. */
  readonly containers?: ContainerMaker | undefined
  readonly clusterDomain: string
  /** Domains whose names stand for a service of the cluster where pods ask. */
  readonly dnsAliases?: Readonly<Record<string, string>> | undefined
  /** Registries that are spoken to in plain HTTP. */
  readonly plainRegistries: readonly string[]
  /** PEM files of authorities that vouch for registries, beside this machine's. */
  readonly registryAuthorities?: readonly string[]
  readonly containerRuntimeEndpoint: string | undefined
  /** Version that the node object shows. */
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Where traces of what the kubelet does go; nowhere unless given. */
  readonly traces?: TraceTarget | undefined
}

export interface RunningNode extends AsyncDisposable {
  /** How the API server reaches the kubelet, for logs and exec. */
  readonly connection: NodeConnection
  /** Has an image on this node beforehand, for pods that may come. */
  readonly pull: Kubelet["pull"]
  /** Ends every pod, then what runs them. Disposing alone leaves pods running, to be adopted by the next start. */
  stop(): Promise<void>
  /** Undoes a start that could not be finished: what ran before goes on, what was begun is ended. */
  abandon(): Promise<void>
}

/** Where a machine keeps what is to be forgotten when it is switched off. */
const runDirectory = "/run"

/** The node side of one machine: containerd, kubelet, service rules, cluster DNS. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { network } = options
  return network ? startContainerNode(options, network) : startProcessNode(options)
}

async function startContainerNode(options: NodeOptions, network: Network): Promise<RunningNode> {
  const { controlPlane, clock, log } = options
  await using undo = new AsyncDisposableStack()
  const informers = undo.use(createInformers(controlPlane.clientAs(identities.network), clock, log))
  const wasThere = existsSync(join(runDirectory, nameOf(options)))
  const volatile = await volatileDirectory(runDirectory, nameOf(options))
  const containerd = await openContainerd(options, network, join(volatile, "containerd")).catch(async (error) => {
    if (!wasThere) await removeDirectory(volatile)
    throw error
  })
  const isShared = options.containerRuntimeEndpoint !== undefined
  const { runtime, close } = await openRuntime(options.containers, {
    ...{ containerd, cniConfDir: network.cniConfDir, cniBinDirs: network.cniBinDirs, clock, log },
    directory: join(volatile, "native"),
    diskDirectory: join(options.directory, "kubelet", "containers"),
    owner: isShared ? nameOf(options) : undefined,
  })
  // If this start fails, what it has begun is ended; a containerd that ran before stays, and so do its pods.
  let staying = containerd.adopted
  const before = new Set(staying ? [] : (await runtime.list()).sandboxes.map(({ id }) => id))
  undo.defer(async () => {
    if (staying) {
      await close()
      return containerd[Symbol.asyncDispose]()
    }
    await endPods(runtime, before)
    await close()
    await containerd.stop()
    if (before.size > 0) return
    await removeTraces(options)
    await network.takeDown()
  })
  // Whether an image is in use only its owner can say, and with others' pods on it we are not the only one.
  const images = isShared ? { imageLimits: "none" as const } : {}
  const releaseAddresses = (sandboxes: ReadonlySet<string>) => network.releaseLeases((id) => sandboxes.has(id))
  const [kubelet] = await Promise.all([
    openKubelet(options, { runtime, informers, volatileDirectory: volatile, releaseAddresses, ...images }, undo),
    network.followServices(informers),
    startDns({
      ...{ host: network.dnsServer, zone: options.clusterDomain, aliases: options.dnsAliases, informers, log },
    }).then((dns) => undo.use(dns)),
  ])
  if (options.address !== undefined) network.followNodes(informers, options.name)
  const stack = undo.move()
  staying = true
  return {
    connection: kubelet,
    pull: (...asked) => kubelet.pull(...asked),
    abandon: async () => {
      staying = containerd.adopted
      await stack.disposeAsync()
    },
    stop: async () => {
      await kubelet[Symbol.asyncDispose]()
      await endPods(runtime)
      await close()
      await network.releaseLeases(() => false)
      // Volumes of pods that no container stands on: they are mounted again when their pods are.
      await unmountWithin(join(options.directory, "kubelet"))
      await containerd.stop()
      await removeTraces(options)
      await network.takeDown()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Needs neither root nor containerd; services have no addresses and pods no names here. */
async function startProcessNode(options: NodeOptions): Promise<RunningNode> {
  await using undo = new AsyncDisposableStack()
  const directory = join(options.directory, "processes")
  const runtime = undo.use(await processRuntime({ directory, clock: options.clock }))
  const { controlPlane, clock, log } = options
  const informers = undo.use(createInformers(controlPlane.clientAs(identities.node(options.name)), clock, log))
  const kubelet = await openKubelet(options, { runtime, informers }, undo)
  const stack = undo.move()
  return {
    connection: kubelet,
    pull: (...asked) => kubelet.pull(...asked),
    stop: () => stack.disposeAsync(),
    abandon: () => stack.disposeAsync(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function openContainerd(options: NodeOptions, network: Network, stateDirectory: string): Promise<Containerd> {
  const { directory, plainRegistries, registryAuthorities, clock, log, containerRuntimeEndpoint: endpoint } = options
  const { cniConfDir, cniBinDirs } = network
  const given = {
    cniConfDir,
    cniBinDirs,
    plainRegistries,
    stateDirectory,
    clock,
    log,
    ...(registryAuthorities && { registryAuthorities }),
  }
  return startContainerd({ directory: join(directory, "containerd"), ...given, ...(endpoint && { endpoint }) })
}

async function openKubelet(
  options: NodeOptions,
  given: Pick<KubeletOptions, "runtime" | "informers" | "volatileDirectory" | "releaseAddresses" | "imageLimits">,
  undo: AsyncDisposableStack,
): Promise<Kubelet> {
  const { name, controlPlane, network, directory, clusterDomain, version, clock, log } = options
  const client = controlPlane.clientAs(identities.node(name))
  const { pki } = controlPlane
  const host = options.address ?? network?.hostAddress
  const door = host && pki ? undo.use(await openNodeDoor({ host, nodeName: name, pki, client, log })) : undefined
  const kubelet = await startKubelet({
    nodeName: name,
    client,
    attachClient: controlPlane.clientAs(identities.attacher),
    ...given,
    clusterDns: { servers: network ? [network.dnsServer] : [], domain: clusterDomain },
    ...(network && { podCidr: network.podCidr }),
    directory: join(directory, "kubelet"),
    cgroupParent: `/${nameOf(options)}`,
    version,
    hostIp: host ?? "127.0.0.1",
    ...(door && { port: door.port }),
    clock,
    log,
    tracing: traceComponent("kubelet", options, undo),
  })
  door?.open(kubelet)
  undo.use(kubelet)
  await offerStorage(options, undo)
  return kubelet
}

/** Directories of this node for claims; plain processes have no mounts, so they get none. */
async function offerStorage(options: NodeOptions, undo: AsyncDisposableStack): Promise<void> {
  const { name, network, controlPlane, clock, log } = options
  if (!network) return
  const client = controlPlane.clientAs(identities.storage)
  const directory = persistentDirectory(join(options.directory, "kubelet"))
  undo.use(await offerLocalPath({ client, nodeName: name, directory, clock, log }))
}

/** Of all that is made on the host and not in our own directory. */
function nameOf({ instance }: NodeOptions): string {
  return `wick-${instance}`
}

async function removeTraces(options: NodeOptions): Promise<void> {
  await removeDirectory(join(runDirectory, nameOf(options)))
  const left = await removeCgroup(`/${nameOf(options)}`, options.clock)
  if (left.length > 0) options.log.warn("cgroups stay: something still runs in them", { cgroups: left.join(", ") })
}
