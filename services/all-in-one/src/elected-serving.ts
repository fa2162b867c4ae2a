import { type AutoscalerOptions, startAutoscaler } from "@wick/autoscaler"
import { type Registries, startController } from "@wick/controller"
import type { ControlPlane } from "@wick/core"
import { serviceUser } from "@wick/sdk/api/serving/roles"
import type { Clock, Random } from "@wick/sdk/clock"
import {
  createInformers,
  electLeader,
  type LeadershipTerm,
  lendInformers,
  mandatedDurations,
  overOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { followGatewayAddresses } from "./gateway-addresses.ts"
import { followPlaces } from "./gateway-places.ts"

export interface ElectedServingOptions {
  readonly controlPlane: Pick<ControlPlane, "clientAs" | "mandate" | "identity" | "precedence">
  /** Where activators of this host stream their load while the autoscaler is here. */
  readonly autoscaler: string
  /** Where activators of other hosts do. */
  readonly remote: AutoscalerOptions["remote"]
  /** Where it serves custom metrics. */
  readonly exposure: AutoscalerOptions["exposure"]
  readonly registries: Registries
  /** Admin endpoints of the gateways where the cluster cannot tell of them. */
  readonly gateways: readonly string[] | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of this process. */
  readonly metrics?: Metrics | undefined
  /** Gets a line per span while the operators want these on standard output. */
  readonly writeSpan: (line: string) => void
}

const namespace = "kube-system"
/**
 * After another host led: calls of functions at zero may be waiting for the autoscaler, so the controller, which looks at every
 * object when it begins, lets it have the processor first.
 */
const controllerAfterMs = 1_000
const placeKeeper = { name: "system:wick-gateway-places", groups: ["system:masters"] }

/**
 * Controller and autoscaler, each while it holds its Lease. Resolves when they run, if this host is alone or leads at the
 * moment, and throws when they cannot be started then; else at once. For a controller that lets calls go first it does not wait.
 */
export async function electServing(options: ElectedServingOptions): Promise<AsyncDisposable> {
  const {
    controlPlane,
    autoscaler: listen,
    remote,
    exposure,
    registries,
    gateways,
    clock,
    random,
    log,
    metrics,
    writeSpan,
  } = options
  const { mandate, identity, precedence } = controlPlane
  await using undo = new AsyncDisposableStack()
  // One cache for both: the controller may read all that the autoscaler may.
  const lend = lendInformers(() => createInformers(controlPlane.clientAs(serviceUser("controller")), clock, log))
  const elect = (service: string, start: (term: LeadershipTerm) => Promise<AsyncDisposable>): Promise<void> => {
    const client = controlPlane.clientAs(serviceUser(service))
    const lease = { client, namespace, name: `wick-${service}`, identity, mandate, durations: mandatedDurations }
    const first = Promise.withResolvers<void>()
    if (mandate.state.kind === "none") first.resolve()
    const elected = electLeader({ ...lease, clock, random, log }, async (term) => {
      const started = start(term)
      started.then(() => first.resolve(), first.reject)
      await using _running = await started
      await overOf(term)
    })
    undo.use(elected)
    return first.promise
  }
  const common = (service: string, term: LeadershipTerm) => ({
    client: controlPlane.clientAs(serviceUser(service), term),
    informers: lend(),
    clock,
    log,
    metrics,
  })
  const controller = elect("controller", (term) =>
    withInformers(common("controller", term), async (given) => {
      if (precedence) await Promise.race([precedence.over, overOf(term)])
      if (mandate.state.kind === "ours") await clock.sleep(controllerAfterMs, term.signal).catch(() => {})
      await using stack = new AsyncDisposableStack()
      const client = controlPlane.clientAs(placeKeeper, term)
      const places = { client, informers: stack.use(createInformers(client, clock, log)), clock, log }
      stack.use(followGatewayAddresses(places))
      if (remote) stack.use(followPlaces(places))
      stack.use(await startController({ ...given, registries, random, writeSpan, ...(gateways && { gateways }) }))
      return stack.move()
    }),
  )
  const autoscaler = elect("autoscaler", (term) =>
    withInformers(common("autoscaler", term), (given) =>
      startAutoscaler({ ...given, listen, remote, exposure, random, writeSpan }),
    ),
  )
  controller.catch(() => {})
  await Promise.all([precedence === undefined && controller, autoscaler])
  return undo.move()
}

/** First what is started ends, then what it looks at. */
async function withInformers<Given extends { readonly informers: AsyncDisposable }>(
  given: Given,
  start: (given: Given) => Promise<AsyncDisposable>,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  stack.use(given.informers)
  stack.use(await start(given))
  return stack.move()
}
