import type { AddressInfo } from "node:net"
import { assert } from "@wick/sdk/assert"
import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import { createInformers, type Informers } from "@wick/sdk/controller"
import { followGatewayKey } from "@wick/sdk/gateway-key"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { type ConfigSource, componentLog, followTracing, watchConfig } from "@wick/sdk/serving-config"
import type { Tracing } from "@wick/sdk/tracing"
import type { Peer } from "@wick/sdk/wire"
import { AdminServer } from "./admin/admin-server.ts"
import { ownServices } from "./admin/own-services.ts"
import { Prober } from "./backend/prober.ts"
import { followActivators, followAutoscalers } from "./cluster/activator-endpoints.ts"
import { ClusterWatch } from "./cluster/cluster-watch.ts"
import { Fleet } from "./cluster/fleet.ts"
import { ServiceBackends } from "./cluster/service-backends.ts"
import { ClientLimit } from "./gateway/client-limit.ts"
import type { Door } from "./gateway/entrance.ts"
import { Gateway } from "./gateway/gateway.ts"
import { RequestLog } from "./gateway/request-log.ts"
import { autoscalerAddresses } from "./load/autoscaler-addresses.ts"
import { AutoscalerLink, type LinkEvents } from "./load/autoscaler-link.ts"
import { AutoscalerLinks, openOne } from "./load/autoscaler-links.ts"
import { watchLeader } from "./load/leader-watch.ts"
import { LoadReporter } from "./load/load-reporter.ts"
import { activatorMetrics, type StreamWitness } from "./metrics/activator-metrics.ts"
import { tellFigures } from "./metrics/figures.ts"
import { RequestMeasuring } from "./metrics/request-series.ts"
import { shareSlots } from "./peers/sharing.ts"

export interface Endpoint {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface ActivatorOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  /** Where clients come in. Where there are local places too, these see only hosts that are for everybody. */
  readonly listen: Endpoint | readonly Endpoint[]
  /** Where callers inside the cluster come in, for whom there are more hosts. */
  readonly listenLocal?: readonly Endpoint[]
  /** The same behind TLS, for hosts that have a certificate. */
  readonly listenSecure?: readonly Endpoint[]
  readonly listenLocalSecure?: readonly Endpoint[]
  /** Other processes listen in the same places. */
  readonly reusePort?: boolean
  /** How long a client may take over the head of a request; a minute unless given. */
  readonly headTimeoutMs?: number
  /** How many clients may be connected at once; as many as come unless given. */
  readonly clientsMax?: number
  /** Metrics, health, drain and routed. */
  readonly admin: Endpoint | readonly Endpoint[]
  /** Where figures and profiles are served too, while the operators want that; nowhere unless given. */
  readonly figuresHost?: string | undefined
  /** Address under which other activators reach the admin endpoint; its host and port unless given. */
  readonly adminAddress?: string
  /**
   * gRPC address of the autoscaler, `unix:/run/…` or `host:port`; `@FILE` that lists several, of which one is there at a time;
   * `service/NAME` for all that are behind a Service. Without one nothing is ever started from zero.
   */
  readonly autoscaler?: string
  /** By which autoscalers of other hosts know us, and we them. */
  readonly tls?: ActivatorTls | undefined
  /** Gets a line per request while the operators want them; without it there are none. */
  readonly writeRequestLog?: (line: string) => void
  /** Gets a line per span while the operators want these on standard output. */
  readonly writeSpan?: (line: string) => void
  /** Unique among the activators. */
  readonly id: string
}

export interface ActivatorTls {
  readonly authorityPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

export interface Activator extends AsyncDisposable {
  readonly address: AddressInfo
  /** Of the places for callers inside the cluster. */
  readonly localAddresses: readonly AddressInfo[]
  /** Of the places behind TLS: those for all clients, then those for callers inside. */
  readonly secureAddresses: readonly AddressInfo[]
  readonly adminAddress: AddressInfo
  /**
   * Is unready from now on, but serves for `lingerMs` more, in which load balancers look away; then takes no new
   * connections and resolves when the last request is answered, or after `limitMs`.
   */
  drain(given: { lingerMs: number; limitMs: number }): Promise<void>
}

/** Resolves when the gateway listens and the routes are known. */
export async function startActivator(options: ActivatorOptions): Promise<Activator> {
  const { client, clock, random, metrics: exposition, id } = options
  const { log, follow } = componentLog(options.log, "activator")
  await using started = new AsyncDisposableStack()
  const metrics = activatorMetrics(exposition)
  const measuring = new RequestMeasuring()
  let adminUrl = ""
  let connectedPeers: readonly Peer[] = []
  const informers = started.use(createInformers(client, clock, log))
  const own = ownServices(followGatewayKey(informers), clock)
  const sharing = started.use(shareSlots({ self: () => adminUrl, clock, log, proof: own.proof }))
  let link: Pick<AutoscalerLink, "send"> | undefined
  const reporter = new LoadReporter(clock, (message) => link?.send(message))
  started.defer(() => reporter.stop())
  const prober = new Prober(clock, () => metrics.probes.add())
  started.defer(() => prober.stopAll())
  const fleet = new Fleet({ clock, random, prober, measuring, events: reporter, lender: sharing.lender })
  const services = new ServiceBackends({ informers, clock, random, prober, measuring })
  const watch = new ClusterWatch({ informers, clock, fleet, services, log })
  const config = follow(watchConfig(informers))
  const { gateway, tracing } = openGateway(watch, config, { ...options, log }, started)
  let isReady = false
  const admin = started.use(
    new AdminServer({
      clock,
      metrics: tellFigures({ ...options, log, host: options.figuresHost, fleet, measuring, config }, started),
      log,
      ...own,
      isReady: () => isReady,
      routed: (ingress, signal) => watch.routed(ingress, signal),
      peers: () => others(sharing.links.alive, connectedPeers, { id, admin: adminUrl }),
      join: (request, socket) => sharing.links.accept(request, socket),
      isUidOf: (uid, namespace, name) => watch.isUidOf(uid, namespace, name),
      drained: (namespace, name, signal) => watch.drained(namespace, name, signal),
    }),
  )
  const adminAddress = await listenAdmin(admin, options)
  adminUrl = options.adminAddress ?? `http://${hostPort(adminAddress.address, adminAddress.port)}`
  const activators = followActivators(informers, (listed) => sharing.links.setListed(listed))
  const heard: Heard = {
    peers: (given) => {
      connectedPeers = given
    },
    decided: (namespace, name, thoughtMs) => fleet.known(namespace, name)?.decided(thoughtMs),
  }
  const events = linkEvents(metrics.stream, reporter, heard)
  link = openLink({ id, admin: adminUrl }, events, { ...options, log }, informers, started)
  // A client that connects before the routes are known waits in the listen queue, where nobody tells it 404.
  await Promise.all([watch.synced, config.synced, activators])
  await tracing.flush()
  const { outer: address, inner: localAddresses, secure: secureAddresses } = await listenGateway(gateway, options)
  isReady = true
  log.info("activator is ready", { address: address.address, port: address.port, admin: adminAddress.port })
  const running = started.move()
  return {
    address,
    localAddresses,
    secureAddresses,
    adminAddress,
    drain: async ({ lingerMs, limitMs }) => {
      isReady = false
      gateway.retire()
      sharing.links.leave()
      if (lingerMs > 0) await clock.sleep(lingerMs)
      await gateway.drain(limitMs)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Tells of requests what the operators want to be told. */
function openGateway(
  watch: ClusterWatch,
  config: ConfigSource,
  options: ActivatorOptions,
  started: AsyncDisposableStack,
): { gateway: Gateway; tracing: Tracing } {
  const { clock, headTimeoutMs, clientsMax = Number.POSITIVE_INFINITY, log, writeSpan: write = () => {} } = options
  const tracing = started.use(followTracing("activator", config, { ...options, write }))
  const gateway = started.use(
    new Gateway(watch, { clock, headTimeoutMs, tracing, clients: new ClientLimit(clientsMax, clock, log) }),
  )
  logRequests(gateway, config, options)
  config.onChange(() => watch.findHttp2(config.current().features.enables("autodetect-http2")))
  config.onChange(() => gateway.redirectTo(config.current().network["external-https-port"]))
  return { gateway, tracing }
}

/** As the operators want it, from the moment they do. */
function logRequests(gateway: Gateway, config: ConfigSource, { clock, writeRequestLog }: ActivatorOptions): void {
  if (writeRequestLog === undefined) return
  config.onChange(() => gateway.logTo(RequestLog.of(config.current().observability, clock, writeRequestLog)))
}

/** Where the cluster lists no activators the autoscaler still knows those that are connected to it. */
function others(alive: readonly string[], connected: readonly Peer[], self: Peer): string[] {
  const known = connected.filter(({ id }) => id !== self.id).map(({ admin }) => admin)
  return [...new Set([...alive, ...known])].filter((admin) => admin !== self.admin)
}

function linkEvents(stream: StreamWitness, reporter: LoadReporter, heard: Heard): LinkEvents {
  return {
    connected: () => {
      stream.opened()
      reporter.connected()
    },
    disconnected: () => {
      stream.lost()
      reporter.disconnected()
    },
    ...heard,
  }
}

type Heard = Pick<LinkEvents, "peers" | "decided">

function openLink(
  self: Peer,
  events: LinkEvents,
  { autoscaler, tls, client, clock, log }: ActivatorOptions,
  informers: Informers,
  started: AsyncDisposableStack,
): Pick<AutoscalerLink, "send"> | undefined {
  if (autoscaler === undefined) return undefined
  if (autoscaler.startsWith(servicePrefix)) {
    const links = started.use(new AutoscalerLinks(openOne({ self, clock, log }), events))
    followAutoscalers(informers, autoscaler.slice(servicePrefix.length), (addresses) => links.follow(addresses))
    return links
  }
  const addresses = autoscalerAddresses(autoscaler, tls)
  const link = started.use(new AutoscalerLink({ addresses, self, clock, log, events }))
  if (addresses.mayMove) started.use(watchLeader(client, clock, log, () => link.moved()))
  return link
}

/** Before the name of a Service: all that are behind it are meant. */
const servicePrefix = "service/"

/** The address is that of the first place. */
async function listenAdmin(admin: AdminServer, options: ActivatorOptions): Promise<AddressInfo> {
  const [first] = await Promise.all([options.admin].flat().map(({ host, port }) => admin.listen(host, port)))
  assert(first !== undefined, "an activator has an admin endpoint")
  return first
}

async function listenGateway(
  gateway: Gateway,
  options: ActivatorOptions,
): Promise<{ outer: AddressInfo; inner: AddressInfo[]; secure: AddressInfo[] }> {
  const { listen, listenLocal = [], listenSecure = [], listenLocalSecure = [], reusePort = false } = options
  const all = (places: readonly Endpoint[], door: Door): Promise<AddressInfo[]> =>
    Promise.all(places.map((place) => gateway.listen({ ...place, reusePort }, door)))
  // Where there are no places for callers inside, they come in where everybody does.
  const outside = { isLocal: listenLocal.length === 0 }
  const [[outer], inner, ...secure] = await Promise.all([
    all([listen].flat(), { ...outside, isSecure: false }),
    all(listenLocal, { isLocal: true, isSecure: false }),
    all(listenSecure, { ...outside, isSecure: true }),
    all(listenLocalSecure, { isLocal: true, isSecure: true }),
  ])
  assert(outer !== undefined, "an activator listens somewhere for clients")
  return { outer, inner, secure: secure.flat() }
}
