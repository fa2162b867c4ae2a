/**
 * Serving's controllers: Service → Configuration → Revision → Deployment and PodAutoscaler; Route → traffic. They reach
 * the cluster only through a client, so they run the same on the embedded core and on any other Kubernetes. Imported by
 * the all-in-one composition and by main.ts.
 */

import { Lease } from "@wick/sdk/api/coordination/lease"
import { type DataByName, systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import {
  createEventRecorder,
  createInformers,
  electLeader,
  type Informers,
  LeaseShares,
  type LeaseSharesOptions,
  overOf,
  type Shares,
} from "@wick/sdk/controller"
import { keepGatewayKey } from "@wick/sdk/gateway-key"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import {
  componentLog,
  durationsOf,
  ensureSystemNamespace,
  followFigures,
  followTracing,
  readLeaderElection,
  watchConfig,
} from "@wick/sdk/serving-config"
import { followGateways, knownGateways } from "./gateways/gateway-endpoints.ts"
import { askingGateways } from "./gateways/gateways.ts"
import { keepSettings } from "./keep-settings.ts"
import { issuers } from "./reconcilers/certificate/choose-issuer.ts"
import { startCertificateController } from "./reconcilers/certificate/reconcile.ts"
import { startConfigurationController } from "./reconcilers/configuration/reconcile.ts"
import type { Context } from "./reconcilers/context.ts"
import { startDomainMappingController } from "./reconcilers/domain-mapping/reconcile.ts"
import { startRevisionCollector } from "./reconcilers/gc/reconcile.ts"
import { startIngressController } from "./reconcilers/ingress/reconcile.ts"
import { startLabeler } from "./reconcilers/labeler/reconcile.ts"
import { startNamespaceCertificateController } from "./reconcilers/namespace-certificate/reconcile.ts"
import { startRevisionController } from "./reconcilers/revision/reconcile.ts"
import type { Registries } from "./reconcilers/revision/resolver.ts"
import { startRouteController } from "./reconcilers/route/reconcile.ts"
import { startServerlessServiceController } from "./reconcilers/serverless-service/reconcile.ts"
import { startServiceController } from "./reconcilers/service/reconcile.ts"
import { startWebhooks, type WebhookOptions } from "./webhook/index.ts"

export { pullCredentials } from "./reconcilers/revision/keychain.ts"
export type { Registries } from "./reconcilers/revision/resolver.ts"

export interface ControllerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Where loops and webhooks tell how they do; nowhere unless given. */
  readonly metrics?: Metrics | undefined
  /** Shared with other services of the same process; own ones unless given. */
  readonly informers?: Informers
  readonly registries?: Registries
  /** Makes the numbers of spans; nothing is traced without it. */
  readonly random?: Random
  /** Gets a line per span while the operators want these on standard output. */
  readonly writeSpan?: (line: string) => void
  /** Admin endpoints of those who serve Ingresses; as the cluster's EndpointSlices tell, unless given. */
  readonly gateways?: readonly string[]
  /** What of it all is this one's to reconcile; all unless given. */
  readonly shares?: Shares
}

/** What Leases call it. */
const component = "controller"

const publicRegistries: Registries = { plain: [], authorityFiles: [] }

export interface AdmissionOptions extends ControllerOptions {
  /** What configuration maps are made with when they are missing. */
  readonly configDefaults?: DataByName
  /** Where the API server asks about objects before it stores them. */
  /** How the process's metrics are brought where the operators want them; not at all unless given. */
  readonly figures?: { readonly random: Random; readonly service: string; readonly id: string; readonly host?: string }
  readonly webhook: Pick<WebhookOptions, "host" | "port" | "service" | "certificate" | "onListening">
}

export interface Admission extends AsyncDisposable {
  readonly port: number
}

/** Configuration and webhooks, which every host has that has an API server. Resolves when the API server will ask. */
export async function startAdmission(options: AdmissionOptions): Promise<Admission> {
  const { client, clock, metrics, figures } = options
  const { log, follow } = componentLog(options.log, "webhook")
  await ensureSystemNamespace(client)
  await using undo = new AsyncDisposableStack()
  const informers = options.informers ?? undo.use(createInformers(client, clock, log))
  const config = follow(watchConfig(informers))
  await config.synced
  if (metrics && figures) undo.use(followFigures(config, { ...figures, metrics, clock, log }))
  const ask = { client, clock, log, metrics, config: () => config.current() }
  const webhooks = await startWebhooks({ ...ask, ...options.webhook })
  undo.use(webhooks)
  // Only now: maps that are there already may not be written while nobody judges them.
  await keepSettings(client, options.configDefaults ?? {}, clock, log)
  const stack = undo.move()
  return { port: webhooks.port, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Every controller of serving; where several run, only one may work on an object. Resolves when their configuration is there. */
export async function startController(options: ControllerOptions): Promise<AsyncDisposable> {
  const { client, clock, metrics } = options
  const { log, follow } = componentLog(options.log, "controller")
  await using undo = new AsyncDisposableStack()
  const informers = options.informers ?? undo.use(createInformers(client, clock, log))
  const config = follow(watchConfig(informers))
  await config.synced
  const { registries = publicRegistries } = options
  const events = undo.use(createEventRecorder({ client, clock, log, component: "serving-controller" }))
  const { random, shares, writeSpan: write = () => {} } = options
  const tracing = random && undo.use(followTracing("controller", config, { clock, random, log, metrics, write }))
  const context: Context = { client, informers, config, registries, events, clock, log, metrics, shares, tracing }
  undo.use(startServiceController(context))
  undo.use(startConfigurationController(context))
  undo.use(startRevisionController(context))
  undo.use(startRouteController(context))
  undo.use(startDomainMappingController(context))
  undo.use(startNamespaceCertificateController(context))
  undo.use(startCertificateController(context, issuers(context)))
  const gateways = options.gateways ? knownGateways(options.gateways) : followGateways(informers)
  const gatewayKey = await keepGatewayKey(client, informers, log)
  undo.use(startIngressController(context, askingGateways(gateways, gatewayKey, clock)))
  undo.use(startLabeler(context))
  undo.use(startServerlessServiceController(context))
  undo.use(startRevisionCollector(context))
  return undo.move()
}

export interface ElectedOptions extends ControllerOptions {
  readonly random: Random
  /** Unique among the controllers. */
  readonly identity: string
}

/**
 * The same where several run, as `config-leader-election` is at the start. With one bucket one leads, and the others hold
 * nothing; with several, all follow everything and each reconciles its share.
 */
export async function electController(options: ElectedOptions): Promise<AsyncDisposable> {
  const { client, clock, random, log, identity } = options
  const settings = await readLeaderElection(client)
  const given = { client, clock, random, log, identity, namespace: systemNamespace, durations: durationsOf(settings) }
  if (settings.buckets > 1) return shareController(options, { ...given, component, buckets: settings.buckets })
  return electLeader({ ...given, name: component }, async (term) => {
    await using _running = await startController(options)
    await overOf(term)
  })
}

async function shareController(
  options: ElectedOptions,
  given: Omit<LeaseSharesOptions, "leases">,
): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack()
  const informers = started.use(createInformers(options.client, options.clock, options.log))
  const leases = informers(Lease, { namespace: systemNamespace })
  await leases.synced
  const shares = started.use(new LeaseShares({ ...given, leases }))
  started.use(await startController({ ...options, informers, shares }))
  return started.move()
}
