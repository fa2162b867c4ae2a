import { Lease } from "@wick/sdk/api/coordination/lease"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import { createInformers, type Informers, LeaseShares, type Shares } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { componentLog, durationsOf, followFigures, followTracing, watchConfig } from "@wick/sdk/serving-config"
import type { AutoscalerMessage } from "@wick/sdk/wire"
import { Autoscaler } from "./autoscaler.ts"
import type { MetricsExposure } from "./custom-metrics/metrics-api.ts"
import { type LoadSecurity, LoadServer } from "./load-server.ts"
import { ScalingCauses } from "./scaling-cause.ts"

export interface AutoscalerOptions {
  readonly client: Client
  readonly clock: Clock
  /** Makes the numbers of spans; nothing is traced without it. */
  readonly random?: Random
  /** Gets a line per span while the operators want these on standard output. */
  readonly writeSpan?: (line: string) => void
  readonly log: Log
  /** Where it tells how revisions are scaled; nowhere unless given. */
  readonly metrics?: Metrics | undefined
  /** Where these are brought as the operators want it; a process that is more than this brings them itself. */
  readonly figures?: { readonly id: string; readonly host: string | undefined } | undefined
  /** Where activators stream their load: `unix:/path` or `host:port`. */
  readonly listen: string
  /** Where activators of other hosts do, `host:port`, and how they are known. */
  readonly remote?: { readonly listen: string; readonly security: LoadSecurity } | undefined
  /** Where custom metrics are served, for HorizontalPodAutoscalers. Absent: nowhere. */
  readonly exposure?: MetricsExposure | undefined
  /** What of it all is this one's to decide; all unless given. */
  readonly shares?: Shares
  /** Shared with other controllers of the same process; own ones unless given. */
  readonly informers?: Informers
}

/** Resolves when activators can connect and everything that is scaled is known. */
export async function startAutoscaler(
  options: AutoscalerOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { client, clock, metrics } = options
  const { log, follow } = componentLog(options.log, "autoscaler")
  await using started = new AsyncDisposableStack()
  const informers = options.informers ?? started.use(createInformers(client, clock, log))
  let server: LoadServer | undefined
  const tell = (message: AutoscalerMessage): void => server?.tell(message)
  const { exposure, shares, random, writeSpan: write = () => {} } = options
  const causes = new ScalingCauses()
  const autoscaler = started.use(
    new Autoscaler({ client, clock, log, metrics, informers, exposure, causes, shares, tell }),
  )
  const config = follow(autoscaler.config)
  if (random) causes.traceWith(started.use(followTracing("autoscaler", config, { clock, random, log, metrics, write })))
  const { figures } = options
  if (figures && metrics && random) {
    started.use(followFigures(config, { ...figures, metrics, clock, random, log, service: "autoscaler" }))
  }
  server = started.use(new LoadServer(autoscaler, log))
  const port = await server.listen(options.listen)
  if (options.remote) await server.listen(options.remote.listen, options.remote.security)
  await autoscaler.synced
  server.begin()
  log.info("autoscaler is ready", { listen: options.listen })
  const running = started.move()
  return { port, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

export interface SharedOptions extends Omit<AutoscalerOptions, "informers" | "shares"> {
  readonly random: Random
  /** Unique among the autoscalers; one that is started again may have it again. */
  readonly identity: string
}

/**
 * The same where several run: all of them listen and follow everything, and each writes for its share of the revisions, by
 * Leases (`config-leader-election`, as it is at the start). Activators stream to all of them.
 */
export async function startSharedAutoscaler(
  options: SharedOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { client, clock, random, log, identity } = options
  await using started = new AsyncDisposableStack()
  const informers = started.use(createInformers(client, clock, log))
  const config = watchConfig(informers)
  const leases = informers(Lease, { namespace: systemNamespace })
  await Promise.all([config.synced, leases.synced])
  const { leaderElection } = config.current()
  const given = { client, clock, random, log, component: "autoscaler", namespace: systemNamespace, identity, leases }
  const shares = started.use(
    new LeaseShares({ ...given, buckets: leaderElection.buckets, durations: durationsOf(leaderElection) }),
  )
  const { port } = started.use(await startAutoscaler({ ...options, informers, shares }))
  const running = started.move()
  return { port, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
