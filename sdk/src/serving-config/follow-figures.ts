import type { Config } from "../api/serving/config/index.ts"
import { systemNamespace } from "../api/serving/config/index.ts"
import type { Clock, Random } from "../clock/index.ts"
import { createMetricsExport, type MetricsExport, type Outlet } from "../telemetry/export/metrics-export.ts"
import type { Log } from "../telemetry/log.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { ConfigSource } from "./index.ts"

export interface FiguresWorld {
  readonly metrics: Metrics
  /** Those of users' requests, where this process has any. */
  readonly requestMetrics?: Metrics | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Whose figures these are. */
  readonly service: string
  /** Of which there is one process. */
  readonly id?: string | undefined
  /**
   * Where Prometheus may fetch and profiles may be taken, at ports of Knative's, while the operators want that. Absent: the
   * process's figures are served elsewhere already.
   */
  readonly host?: string | undefined
}

/** Where Knative's parts serve figures, its queue-proxies those of requests, and all of them profiles. */
export const figuresPorts = { metrics: 9090, requests: 9091, profiles: 8008 } as const

type Observability = Config["observability"]

/** Brings figures where `config-observability` wants them from one moment to the next. */
export function followFigures(config: ConfigSource, world: FiguresWorld): AsyncDisposable {
  const { metrics, requestMetrics, clock, random, log, service, id, host } = world
  const about = { "k8s.namespace.name": systemNamespace, ...(id !== undefined && { "service.instance.id": id }) }
  const outOf = (given: Metrics, port: number): MetricsExport => {
    const scrape = host === undefined ? undefined : { host, port }
    return createMetricsExport({ metrics: given, clock, random, log, service, about, scrape })
  }
  const own = outOf(metrics, figuresPorts.metrics)
  const requests = requestMetrics && outOf(requestMetrics, figuresPorts.requests)
  const profiles = host === undefined ? undefined : profilesAt(host, clock, log)
  const follow = (): void => {
    const { observability } = config.current()
    own.configure(settingsOf(observability, ""))
    requests?.configure(settingsOf(observability, "request-"))
    profiles?.want(observability["runtime-profiling"] === "enabled")
  }
  const unfollow = config.onChange(follow)
  follow()
  return {
    [Symbol.asyncDispose]: async () => {
      unfollow()
      await Promise.all([own, requests, profiles].map((one) => one?.[Symbol.asyncDispose]()))
    },
  }
}

function settingsOf(observability: Observability, prefix: "" | "request-") {
  return {
    protocol: observability[`${prefix}metrics-protocol`],
    endpoint: observability[`${prefix}metrics-endpoint`],
    intervalMs: observability[`${prefix}metrics-export-interval`],
  }
}

interface Profiles extends AsyncDisposable {
  want(isWanted: boolean): void
}

function profilesAt(host: string, clock: Clock, log: Log): Profiles {
  let running: Outlet | undefined
  let isWanted = false
  let changing = Promise.resolve()
  const change = async (): Promise<void> => {
    if (isWanted === (running !== undefined)) return
    await running?.[Symbol.asyncDispose]()
    running = undefined
    if (!isWanted) return
    try {
      const { startProfiles } = await import("../telemetry/export/profiles.ts")
      running = await startProfiles({ host, port: figuresPorts.profiles }, clock)
    } catch (error) {
      log.error("cannot serve profiles", { host, port: figuresPorts.profiles, why: (error as Error).message })
    }
  }
  const want = (wanted: boolean): void => {
    if (wanted === isWanted) return
    isWanted = wanted
    changing = changing.then(change)
  }
  return {
    want,
    [Symbol.asyncDispose]: () => {
      want(false)
      return changing
    },
  }
}
