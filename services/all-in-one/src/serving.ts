import { join } from "node:path"
import { type Registries, startAdmission } from "@wick/controller"
import type { ControlPlane } from "@wick/core"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { serviceUser, servingNamespace } from "@wick/sdk/api/serving/roles"
import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { type Activators, autoscalerSocket, keepActivators } from "./activators.ts"
import { autoscalerPlaces, remoteLoad } from "./autoscaler-places.ts"
import { customMetrics } from "./custom-metrics.ts"
import { electServing } from "./elected-serving.ts"
import { publishGateways } from "./gateway-places.ts"
import type { Home } from "./home.ts"
import { installServing } from "./install.ts"
import { type Options, secureGateway } from "./options.ts"
import { codeFingerprint } from "./version.ts"

export interface ServingOptions {
  readonly home: Home
  readonly options: Options
  readonly controlPlane: ControlPlane
  readonly registries: Registries
  /** Where this host's kubelet reaches the activators' drain endpoint. */
  readonly drainHost: string
  /** The host as pods see it; absent where there is no pod network. */
  readonly hostAddress: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of this process. */
  readonly metrics: Metrics
}

export interface Serving extends AsyncDisposable {
  /** Ends the activators too; disposing alone leaves them answering. */
  stop(): Promise<void>
  /** Undoes a start that could not be finished: what was adopted goes on, what was begun is ended. */
  abandon(): Promise<void>
}

const adminPortOffset = 1_000
const localPortOffset = 2_000
const localSecurePortOffset = 3_000
const loopback = "127.0.0.1"
const httpsPort = 443
const securePortKey = "external-https-port"
const installer = { name: "system:wick-installer", groups: ["system:masters"] }

/** `--serving=off`: the orchestrator alone, on which serving can be installed as on any other cluster. */
const noServing: Serving = {
  stop: async () => {},
  abandon: async () => {},
  [Symbol.asyncDispose]: async () => {},
}

/** The serverless half: kinds, controller, autoscaler, and the activators that outlive this process. */
export async function startServing(given: ServingOptions): Promise<Serving> {
  const { home, options, controlPlane, registries, clock, random, log, metrics } = given
  if (options.serving === "off") return noServing
  await using undo = new AsyncDisposableStack()
  await installServing(controlPlane.clientAs(installer))
  const runDirectory = home.path("run")
  const autoscaler = autoscalerSocket(runDirectory)
  const adminPort = options.gateway.port + adminPortOffset
  undo.use(await openAdmission(given, adminPort))
  await tellSecurePort(controlPlane.clientAs(serviceUser("controller")), options)
  const remote = await remoteLoad(options, controlPlane)
  const exposure = await customMetrics(controlPlane.clientAs(installer), controlPlane, given.drainHost)
  const gateways = given.hostAddress === undefined ? adminAddresses(options, adminPort) : undefined
  const writeSpan = (line: string): void => void process.stdout.write(line)
  const elected = { controlPlane, autoscaler, remote, exposure, registries, gateways, clock, random, log, metrics }
  undo.use(await electServing({ ...elected, writeSpan }))
  const places = undo.use(autoscalerPlaces(runDirectory, controlPlane.cluster))
  const kubeconfig = join(runDirectory, "activator.kubeconfig")
  const { name, groups } = serviceUser("activator")
  const credential = await controlPlane.pki.client("activator", name, groups)
  undo.use(await controlPlane.keepKubeconfig({ path: kubeconfig, user: { name: "activator", credential } }))
  const [activators] = await Promise.all([
    startActivators(given, places.address, adminPort, kubeconfig),
    publish(given, adminPort),
  ])
  const stack = undo.move()
  return {
    stop: () => activators.stop(),
    abandon: async () => {
      await activators.abandon()
      await stack.disposeAsync()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/**
 * Webhooks are registered as a service's, which each API server knows to be on its own host: the registration is the
 * same whichever host has made it, and good on all of them.
 */
async function openAdmission(given: ServingOptions, adminPort: number): Promise<AsyncDisposable> {
  const { controlPlane, options, clock, random, log, metrics } = given
  const service = { namespace: servingNamespace, name: "webhook", port: httpsPort }
  const { certificatePem, privateKeyPem: keyPem } = await controlPlane.pki.serve("webhook", [
    `${service.name}.${service.namespace}.svc`,
  ])
  return startAdmission({
    client: controlPlane.clientAs(serviceUser("controller")),
    configDefaults: configDefaults(given, adminPort),
    webhook: {
      host: loopback,
      port: 0,
      service,
      certificate: { certificatePem, keyPem, authorityPem: controlPlane.pki.authorityPem },
      onListening: (port) => controlPlane.localServices.set(`${service.namespace}/${service.name}`, port),
    },
    clock,
    log,
    metrics,
    figures: { random, service: "wick", id: options["node-name"] },
  })
}

/** A home that was made before the gateway spoke TLS has a map that does not say where it does. */
async function tellSecurePort(client: Client, options: Options): Promise<void> {
  const reference = { name: "config-network", namespace: servingNamespace }
  const { data = {} } = await client.get(ConfigMap, reference)
  if (data[securePortKey] !== undefined) return
  const body = { data: { [securePortKey]: String(secureGateway(options).port) } }
  await client.patch(ConfigMap, reference, { type: "merge", body })
}

function configDefaults(
  { options, drainHost }: ServingOptions,
  adminPort: number,
): Record<string, Record<string, string>> {
  return {
    "config-domain": { [options.domain]: "" },
    "config-network": {
      "external-port": String(options.gateway.port),
      [securePortKey]: String(secureGateway(options).port),
    },
    "config-wick": { "drain-host": drainHost, "drain-port": String(adminPort) },
  }
}

/** Without a pod network Services lead nowhere: gateways are at loopback, and the controller is told so. */
async function publish({ options, controlPlane, hostAddress }: ServingOptions, adminPort: number): Promise<void> {
  if (hostAddress === undefined) return
  await publishGateways(controlPlane.clientAs(installer), {
    node: options["node-name"],
    address: hostAddress,
    publicPort: options.gateway.port,
    publicSecurePort: secureGateway(options).port,
    localPort: options.gateway.port + localPortOffset,
    localSecurePort: options.gateway.port + localSecurePortOffset,
    adminPorts: adminPortsOf(options, adminPort),
  })
}

function adminPortsOf({ activators }: Options, first: number): number[] {
  return Array.from({ length: activators }, (_, at) => first + at)
}

function adminAddresses(options: Options, first: number): string[] {
  return adminPortsOf(options, first).map((port) => `http://${loopback}:${port}`)
}

function startActivators(
  { home, options, hostAddress, clock, log }: ServingOptions,
  autoscaler: string,
  adminPort: number,
  kubeconfig: string,
): Promise<Activators> {
  return keepActivators({
    count: options.activators,
    gateway: options.gateway,
    secureGateway: secureGateway(options),
    pods:
      hostAddress === undefined
        ? undefined
        : {
            host: hostAddress,
            port: options.gateway.port + localPortOffset,
            securePort: options.gateway.port + localSecurePortOffset,
          },
    adminPort,
    autoscaler,
    kubeconfig,
    idPrefix: options.peer ? `${options["node-name"]}-` : "",
    directory: home.path("run"),
    version: codeFingerprint("activator"),
    clock,
    log,
  })
}
