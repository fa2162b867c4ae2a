import {
  type ControlPlane,
  type ControlPlaneOptions,
  HostCommandError,
  keptRanges,
  type Membership,
  type Network,
  otherImages,
  RangeRefusedError,
  type Registry,
  startControlPlane,
  startNetwork,
  startNode,
  startRegistry,
} from "@wick/core"
import { serviceUser } from "@wick/sdk/api/serving/roles"
import type { Clock, Random } from "@wick/sdk/clock"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import { backupOf } from "./backup/flags.ts"
import { raiseDescriptorLimit } from "./descriptors.ts"
import { gatewayAliases } from "./gateway-objects.ts"
import type { Home } from "./home.ts"
import { keepImages } from "./image-presence.ts"
import { membershipOf } from "./membership.ts"
import { startMetricsServer } from "./metrics-server.ts"
import type { Address, Options } from "./options.ts"
import { checkPorts } from "./ports.ts"
import { Refusal } from "./refusal.ts"
import { registriesOf } from "./registries.ts"
import { startServing } from "./serving.ts"
import { writeState } from "./state-file.ts"
import { storeOf } from "./store-flags.ts"
import { tracesOf } from "./trace-flags.ts"
import { trustOf } from "./trust.ts"
import { apiVersion, ownVersion } from "./version.ts"

export interface PlatformOptions {
  readonly home: Home
  readonly options: Options
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Told of each part when it is up, with the milliseconds it took. */
  readonly onStep: (title: string, tookMs: number) => void
  /** Something has failed for good: the process should end. */
  readonly onFailure: (error: Error) => void
}

export interface Platform {
  readonly controlPlane: ControlPlane
  /** Ends everything: requests in flight are answered, pods and activators end, containerd with them. State stays. */
  stop(): Promise<void>
}

const clusterDomain = "cluster.local"
/** Activators' admin endpoints listen here too: the kubelet of this host asks them at the same place on every host. */
const loopback = "127.0.0.1"

/** Services of plain processes are objects only: their addresses lead nowhere, so any range will do. */
const processServiceCidr = "10.96.0.0/16"

/** Starts all of Wick in this process, and the processes that belong to it. */
export async function startPlatform(given: PlatformOptions): Promise<Platform> {
  const { home, options, clock, random, log } = given
  await using undo = new AsyncDisposableStack()
  const timed = stepTimer(given)
  const metrics = createMetrics()
  await checkPorts(options, home)
  await raiseDescriptorLimit(log)
  const trust = await trustOf(options)
  const registries = registriesOf(options)
  const kept = { store: storeOf(options, log), backup: await backupOf(options) }
  const membership = await membershipOf(options, home, log)
  const network =
    options.runtime === "process" ? undefined : await timed("network", () => openNetwork(given, membership))
  const { hostAddress, serviceCidr } = network ?? { hostAddress: loopback, serviceCidr: processServiceCidr }
  const nodes = new Map<string, Awaited<ReturnType<typeof startNode>>>()
  let registry: Registry | undefined
  const up = Promise.withResolvers<void>()
  const controlPlane = undo.use(
    await timed("control plane", () =>
      openControlPlane(given, {
        hostAddress,
        serviceCidr,
        metrics,
        trust,
        ...kept,
        nodeProxy: (name) => nodes.get(name)?.connection,
        ownImages: () => registry?.own,
        up: up.promise,
      }),
    ),
  )
  registry = undo.use(await timed("registry", () => openRegistry(given, controlPlane, undo)))
  let finished = false
  const undone = <Part extends Undoable>(part: Part): Part => {
    undo.defer(() => (finished ? part[Symbol.asyncDispose]() : part.abandon()))
    return part
  }
  const [node, serving] = await everyOf([
    timed("node", () => openNode(given, controlPlane, network, registries)).then(undone),
    timed("serving", () =>
      startServing({
        ...{ home, options, controlPlane, registries, clock, random, log, metrics },
        drainHost: loopback,
        hostAddress: network?.hostAddress,
      }),
    ).then(undone),
  ])
  nodes.set(options["node-name"], node)
  up.resolve()
  if (options.serving === "on" && options.peer && options.runtime !== "process") {
    undo.use(keepImages({ client: controlPlane.clientAs(serviceUser("controller")), pull: node.pull, clock, log }))
  }
  undo.use(await openMetrics(options, metrics))
  undo.use(writeState(home.directory, state(given, controlPlane, registry)))
  finished = true
  const stack = undo.move()
  return {
    controlPlane,
    stop: async () => {
      await serving.stop()
      await node.stop()
      await stack.disposeAsync()
    },
  }
}

interface Undoable extends AsyncDisposable {
  abandon(): Promise<void>
}

/** As Promise.all, but when one fails the others are waited for, so that they can be undone. */
async function everyOf<First, Second>(parts: [Promise<First>, Promise<Second>]): Promise<[First, Second]> {
  await Promise.allSettled(parts)
  return Promise.all(parts)
}

function stepTimer({ clock, onStep }: PlatformOptions): <T>(title: string, action: () => Promise<T>) => Promise<T> {
  return async (title, action) => {
    const startedAt = clock.monotonic()
    const result = await action()
    onStep(title, clock.monotonic() - startedAt)
    return result
  }
}

type Found = Pick<
  ControlPlaneOptions,
  "serviceCidr" | "metrics" | "trust" | "store" | "backup" | "nodeProxy" | "ownImages" | "up"
> & {
  readonly hostAddress: string
}

function openControlPlane(
  { home, options, clock, random, log, onFailure }: PlatformOptions,
  { hostAddress, ...found }: Found,
): Promise<ControlPlane> {
  return startControlPlane({
    ...found,
    name: options["node-name"],
    directory: home.directory,
    newEncryptionKey: options["encryption-key"] === "new",
    hosts: [...new Set([options.api.host, hostAddress])],
    port: options.api.port,
    nodeAddress: options.peer ? options.api.host : hostAddress,
    peer: options.peer,
    clusterDomain,
    kubeconfigPath: home.kubeconfig,
    version: apiVersion(),
    etcd: options["etcd-listen"],
    traces: tracesOf(options),
    clock,
    random,
    log,
    onFailure,
  })
}

async function openNetwork(
  { home, options, clock, log }: PlatformOptions,
  membership: Membership | undefined,
): Promise<Network> {
  const directory = home.path("network")
  const shared = options.peer && (membership?.serviceCidr ?? keptRanges(directory)?.services)
  const serviceCidr = options["service-cidr"] ?? shared
  const ranges = { podCidr: options["pod-cidr"], serviceCidr, others: membership?.podCidrs }
  try {
    return await startNetwork({ instance: home.instance, directory, ...ranges, clock, log })
  } catch (error) {
    if (error instanceof HostCommandError) throw networkRefusal(error)
    if (!(error instanceof RangeRefusedError)) throw error
    throw serviceCidr !== undefined && serviceCidr === shared
      ? sharedRangeRefusal(error, serviceCidr)
      : rangeRefusal(error)
  }
}

function networkRefusal({ message }: HostCommandError): Refusal {
  const remedy = process.geteuid?.() === 0 ? "mend what it names" : "run as root: pods need it"
  return new Refusal(
    `this host does not let Wick make the pods' network: ${message}`,
    `${remedy}, or develop without containers: wick up --runtime=process`,
  )
}

function rangeRefusal({ message }: RangeRefusedError): Refusal {
  return new Refusal(
    message,
    "name ranges in which no pod has to reach anybody, such as --pod-cidr 10.234.0.0/16 --service-cidr 10.235.0.0/16 " +
      "(ip route says what the host uses; a part of a wider route will do)",
  )
}

/** A host that is alone moves its services to another range; of several hosts, one cannot move those of all. */
function sharedRangeRefusal({ message }: RangeRefusedError, range: string): Refusal {
  return new Refusal(
    `the cluster's hosts share one range of service addresses, which this host has no room for: ${message}`,
    `free ${range} here and start again: ip route says who has it (a link wick-… is another Wick's: wick down --home …)`,
  )
}

async function openRegistry(
  { home, options, clock, log }: PlatformOptions,
  { pki, cluster }: ControlPlane,
  undo: AsyncDisposableStack,
): Promise<Registry> {
  const others = cluster && undo.use(await otherImages(pki, cluster))
  return startRegistry({ directory: home.path("registry"), ...options.registry, others, clock, log })
}

function openNode(
  { home, options, clock, random, log }: PlatformOptions,
  controlPlane: ControlPlane,
  network: Network | undefined,
  registries: ReturnType<typeof registriesOf>,
) {
  return startNode({
    name: options["node-name"],
    instance: home.instance,
    directory: home.directory,
    address: options.peer?.host,
    controlPlane,
    network,
    containers: options.runtime === "process" ? undefined : options.runtime,
    clusterDomain,
    dnsAliases: options.serving === "off" ? {} : gatewayAliases(options.domain, clusterDomain),
    version: apiVersion(),
    plainRegistries: [...new Set([text(options.registry), `localhost:${options.registry.port}`, ...registries.plain])],
    registryAuthorities: registries.authorityFiles,
    containerRuntimeEndpoint: options["container-runtime-endpoint"],
    traces: tracesOf(options),
    clock,
    random,
    log,
  })
}

function openMetrics(options: Options, metrics: Metrics): Promise<AsyncDisposable> {
  return startMetricsServer({
    ...options.metrics,
    metrics,
    gatewayPort: options.gateway.port,
    activators: options.serving === "on" ? options.activators : 0,
  })
}

function state({ home, options, clock }: PlatformOptions, controlPlane: ControlPlane, registry: Registry) {
  return {
    pid: process.pid,
    version: ownVersion(),
    api: controlPlane.url,
    gateway: `http://${text(options.gateway)}`,
    registry: registry.address,
    metrics: `http://${text(options.metrics)}/metrics`,
    domain: options.domain,
    kubeconfig: home.kubeconfig,
    startedAt: new Date(clock.now()).toISOString(),
  }
}

function text({ host, port }: Address): string {
  return hostPort(host, port)
}
