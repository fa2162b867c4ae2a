/**
 * The operators' configuration, made and watched: the rim of `@wick/sdk/api/serving/config`. Every service of serving
 * reads it here, so what one of them takes to be set is set for all.
 */
import { ConfigMap } from "../api/core/config-map.ts"
import { Namespace } from "../api/core/namespace.ts"
import { isStatus } from "../api/meta/status-error.ts"
import {
  type Component,
  type Config,
  type Data,
  type DataByName,
  type Documentation,
  documentation,
  type LogLevel,
  mapNames,
  readConfig,
  systemNamespace,
} from "../api/serving/config/index.ts"
import type { Client } from "../client/index.ts"
import { type Informers, type LeaseDurations, subject } from "../controller/index.ts"
import type { Log } from "../telemetry/log.ts"
import { createTracing, type Tracing, type TracingWorld } from "../telemetry/tracing/index.ts"

export { type FiguresWorld, followFigures } from "./follow-figures.ts"

/** The operators' configuration, live. */
export interface ConfigSource {
  readonly synced: Promise<void>
  current(): Config
  /** Called after every change; returns its undoing. */
  onChange(listener: () => void): () => void
}

/** A map that cannot be read changes nothing: what it said before goes on to hold. */
export function watchConfig(informers: Informers): ConfigSource {
  const informer = informers(ConfigMap, { namespace: systemNamespace })
  let config = readConfig({})
  const reload = (): void => {
    const found = mapNames.map((name): [string, Data | undefined] => [name, informer.get(name, systemNamespace)?.data])
    config = readConfig(Object.fromEntries(found), config)
  }
  informer.onChange((change) => {
    if (mapNames.includes(subject(change).metadata.name)) reload()
  })
  return {
    synced: informer.synced,
    current: () => config,
    onChange: (listener) => informer.onChange(listener),
  }
}

/** How leaders lead, read once: who leads goes on as it began. */
export async function readLeaderElection(client: Client): Promise<Config["leaderElection"]> {
  const name = "config-leader-election"
  try {
    const { data = {} } = await client.get(ConfigMap, { name, namespace: systemNamespace })
    return readConfig({ [name]: data }).leaderElection
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error
    return readConfig({}).leaderElection
  }
}

/** Of `config-leader-election`, what a Lease is held by. */
export function durationsOf(settings: Config["leaderElection"]): LeaseDurations {
  return {
    leaseSeconds: Math.ceil(settings["lease-duration"] / 1_000),
    renewDeadlineMs: settings["renew-deadline"],
    retryMs: settings["retry-period"],
  }
}

/** The log of a part of the platform, at the level that `config-logging` tells for it once it follows that. */
export function componentLog(
  log: Log,
  component: Component,
): { readonly log: Log; follow(config: ConfigSource): ConfigSource } {
  let followed: ConfigSource | undefined
  const level = (): LogLevel | undefined => {
    const logging = followed?.current().logging
    return logging?.levels[component] ?? logging?.level
  }
  return {
    log: log.with({ service: component }, level),
    follow: (config) => {
      followed = config
      return config
    },
  }
}

/** The tracing of a part of the platform, as `config-observability` tells it from moment to moment. */
export function followTracing(
  component: Component,
  config: ConfigSource,
  world: Omit<TracingWorld, "service" | "about"> & { readonly id?: string },
): Tracing {
  const instance = world.id === undefined ? {} : { "service.instance.id": world.id }
  const about = { "k8s.namespace.name": systemNamespace, ...instance }
  const tracing = createTracing({ ...world, service: component, about })
  const follow = (): void => {
    const { observability } = config.current()
    tracing.configure({
      protocol: observability["tracing-protocol"],
      endpoint: observability["tracing-endpoint"],
      samplingRate: observability["tracing-sampling-rate"],
    })
  }
  const unfollow = config.onChange(follow)
  follow()
  return {
    get tracer() {
      return tracing.tracer
    },
    configure: (settings) => tracing.configure(settings),
    flush: () => tracing.flush(),
    [Symbol.asyncDispose]: () => {
      unfollow()
      return tracing[Symbol.asyncDispose]()
    },
  }
}

const fieldManager = "wick"

/** Makes the system namespace if it is missing. */
export async function ensureSystemNamespace(client: Client): Promise<void> {
  await unlessThere(() => client.create(Namespace, { metadata: { name: systemNamespace } }))
}

/**
 * Makes every map that is missing, with `initial` set in it, and brings the examples of the others up to date, so that
 * `kubectl edit` finds what can be set.
 */
export async function ensureConfig(client: Client, initial: DataByName): Promise<void> {
  const { items } = await client.list(ConfigMap, { namespace: systemNamespace })
  const present = new Map(items.map((map) => [map.metadata.name, map]))
  await Promise.all(
    documentation().map(async (wanted) => {
      const map = present.get(wanted.name)
      if (map === undefined) await unlessThere(() => client.create(ConfigMap, documented(wanted, initial[wanted.name])))
      else if (!isDocumented(map, wanted))
        await client.apply(ConfigMap, documented(wanted), { fieldManager, force: true })
    }),
  )
}

function documented({ name, labels, annotations, data }: Documentation, initial: Data = {}) {
  return { metadata: { name, namespace: systemNamespace, labels, annotations }, data: { ...data, ...initial } }
}

function isDocumented({ metadata, data }: ConfigMap, wanted: Documentation): boolean {
  const has = (given: Data | undefined, texts: Data): boolean =>
    Object.entries(texts).every(([key, text]) => given?.[key] === text)
  return has(data, wanted.data) && has(metadata.annotations, wanted.annotations) && has(metadata.labels, wanted.labels)
}

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
  }
}
