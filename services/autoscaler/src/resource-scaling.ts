import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { Pod } from "@wick/sdk/api/core/pod"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { parseSelector } from "@wick/sdk/api/meta/selector-text"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
import { revisionKeys } from "@wick/sdk/api/serving/revision-key"
import { classAnnotation, resourceClass } from "@wick/sdk/api/serving/scaling-annotation"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import {
  type Controller,
  createController,
  done,
  type Informer,
  type Informers,
  keyOf,
  type Result,
  type Shares,
  splitKey,
  subject,
  watchOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { ConfigSource } from "@wick/sdk/serving-config"
import type { RevisionLoad } from "@wick/sdk/wire"
import { Aggregate } from "./aggregate.ts"
import { type LoadOfPods, metrics, type PodLoad } from "./custom-metrics/answer.ts"
import { MetricsApi, type MetricsExposure } from "./custom-metrics/metrics-api.ts"
import { desiredAutoscaler, metricOf } from "./desired/horizontal-pod-autoscaler.ts"
import { windowsOf } from "./desired/serving-objects.ts"
import { countReady } from "./pod-counts.ts"
import { isWritten } from "./same-fields.ts"
import { seeService } from "./service-seen.ts"
import { isOwned, type ServingObjects } from "./serving-objects.ts"
import { type ScalingSpec, scalingSpec } from "./settings.ts"
import { resourceStatusOf } from "./status.ts"

const concurrency = 4
/** Its pods answer for themselves; activators are named all the same, for while there are none. */
const backing = { mode: "Serve", activators: 2 } as const

export interface ResourceScalingWorld {
  readonly client: Client
  readonly clock: Clock
  /** By what load is reported. */
  readonly nowMs: () => number
  readonly log: Log
  readonly metrics?: Metrics | undefined
  readonly informers: Informers
  readonly shares: Shares
  readonly scaled: Informer<typeof PodAutoscaler>
  readonly config: ConfigSource
  readonly objects: ServingObjects
  readonly pods: Informer<typeof Pod>
  /** Absent: metrics of load are told to nobody. */
  readonly exposure?: MetricsExposure | undefined
}

export function isByResource({ metadata }: PodAutoscaler): boolean {
  return metadata.annotations?.[classAnnotation] === resourceClass
}

/** Revisions that a HorizontalPodAutoscaler scales: makes it, and tells what comes of it. */
export class ResourceScaling implements AsyncDisposable {
  readonly #world: ResourceScalingWorld
  readonly #autoscalers: Informer<typeof HorizontalPodAutoscaler>
  readonly #controller: Controller
  /** Load of revisions that are scaled by it, though by a HorizontalPodAutoscaler. */
  readonly #loads = new Map<string, Aggregate>()
  readonly #metricsApi: MetricsApi | undefined

  constructor(world: ResourceScalingWorld) {
    const { clock, log, metrics, informers, shares, scaled, config, objects } = world
    this.#world = world
    const { exposure } = world
    this.#metricsApi = exposure && new MetricsApi(exposure, (question) => this.#loadOf(question), clock, log)
    this.#autoscalers = informers(HorizontalPodAutoscaler)
    const ours = (key: string): string[] => {
      const { name, namespace = "" } = splitKey(key)
      const found = scaled.get(name, namespace)
      return found && isByResource(found) ? [key] : []
    }
    this.#controller = createController({
      name: "resource-scaling",
      clock,
      log,
      metrics,
      metricNames: "knative",
      concurrency,
      watches: [
        watchOf(scaled, (change) => (isByResource(subject(change)) ? [keyOf(subject(change))] : [])),
        watchOf(this.#autoscalers, (change) => ours(keyOf(subject(change)))),
        watchOf(objects.services, (change) => ours(keyOf(subject(change)))),
        {
          synced: Promise.resolve(),
          subscribe: (wake) => shares.onChange(() => scaled.list().filter(isByResource).map(keyOf).forEach(wake)),
        },
        {
          synced: config.synced,
          subscribe: (wake) => config.onChange(() => scaled.list().filter(isByResource).map(keyOf).forEach(wake)),
        },
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
    await this.#metricsApi?.[Symbol.asyncDispose]()
  }

  /** Says whether metrics are served, now that all that is scaled is known. */
  begin(): void {
    const isMeasured = (scaled: PodAutoscaler): boolean => isByResource(scaled) && isLoad(metricOf(scaled))
    this.#metricsApi?.want(this.#world.scaled.list().some(isMeasured))
  }

  report(activator: string, load: RevisionLoad, intervalMs: number, nowMs: number): void {
    this.#loads.get(`${load.namespace}/${load.name}`)?.report(activator, load, intervalMs, nowMs)
  }

  /** Requests spread evenly over the pods that are ready: what is known of a revision is known of each of them. */
  #loadOf({ namespace, pod, selector, metric }: Parameters<LoadOfPods>[0]): PodLoad[] {
    const { pods, nowMs, scaled, config } = this.#world
    const terms = parseSelector(selector)
    const asked = pods
      .list(namespace)
      .filter(({ metadata }) => (pod === "*" || metadata.name === pod) && matches(terms, metadata.labels))
    return asked.flatMap((each) => {
      const [key = ""] = revisionKeys(each)
      const aggregate = this.#loads.get(key)
      const { name } = splitKey(key)
      const found = scaled.get(name, namespace)
      const ready = countReady(pods.byIndex("revision", key))
      if (aggregate === undefined || found === undefined || ready === 0) return []
      const spec = { ...scalingSpec(found, config.current().autoscaler), metric }
      const { stable } = aggregate.observe(spec, ready, nowMs())
      return [{ name: each.metadata.name, value: stable / ready, windowMs: spec.stableWindowMs }]
    })
  }

  #measure(key: string, spec: ScalingSpec | undefined): void {
    if (spec === undefined) this.#loads.delete(key)
    else if (!this.#loads.has(key)) this.#loads.set(key, new Aggregate(spec.stableWindowMs))
    this.#metricsApi?.want(this.#loads.size > 0)
  }

  async #reconcile(key: string): Promise<Result> {
    const { scaled: all, objects, config, client, clock } = this.#world
    const { name, namespace = "" } = splitKey(key)
    const scaled = all.get(name, namespace)
    if (!scaled || scaled.metadata.deletionTimestamp !== undefined || !isByResource(scaled)) {
      objects.forget(key)
      this.#measure(key, undefined)
      return done
    }
    const settings = config.current().autoscaler
    const spec = isLoad(metricOf(scaled)) ? scalingSpec(scaled, settings) : undefined
    this.#measure(key, spec)
    if (!this.#world.shares.owns(key)) return done
    const isForeign = await this.#write(scaled, desiredAutoscaler(scaled, settings))
    objects.tell(key, { backing, ...(spec && { windows: windowsOf(spec) }) })
    const counts = this.#autoscalers.get(name, namespace)?.status ?? {}
    const service = seeService(objects.services.get(name, namespace), scaled)
    const status = resourceStatusOf({ scaled, counts, isForeign }, service, clock.now())
    if (isWritten(status, scaled.status ?? {})) return done
    await client
      .patch(PodAutoscaler, { name, namespace }, { type: "merge", body: { status } }, { subresource: "status" })
      .catch((error: unknown) => passIfGone(error))
    return done
  }

  /** Whether somebody else has one of that name. */
  async #write(scaled: PodAutoscaler, wanted: ReturnType<typeof desiredAutoscaler>): Promise<boolean> {
    const { client } = this.#world
    const { name, namespace = "" } = scaled.metadata
    const known = this.#autoscalers.get(name, namespace)
    if (known === undefined) {
      await client.create(HorizontalPodAutoscaler, wanted).catch((error: unknown) => {
        if (!isStatus(error, "AlreadyExists") && !isNamespaceTerminating(error)) throw error
      })
      return false
    }
    if (!isOwned(known, scaled)) return true
    const { spec } = wanted
    // What was asked for before and is not any more goes back to what Kubernetes takes for usual.
    const body = { spec: { ...spec, metrics: spec.metrics ?? null, behavior: spec.behavior ?? null } }
    const isOld =
      !isWritten(spec, known.spec) ||
      (spec.behavior === undefined && known.spec.behavior !== undefined) ||
      (spec.metrics === undefined && !isUsual(known.spec.metrics))
    if (isOld) {
      await client.patch(HorizontalPodAutoscaler, { name, namespace }, { type: "merge", body }).catch(passIfGone)
    }
    return false
  }
}

function isLoad(metric: string): boolean {
  return (metrics as readonly string[]).includes(metric)
}

function isUsual(metrics: HorizontalPodAutoscaler["spec"]["metrics"]): boolean {
  const [only, ...others] = metrics ?? []
  return others.length === 0 && only?.resource?.name === "cpu" && only.resource.target.averageUtilization === 80
}

function passIfGone(error: unknown): void {
  if (!isStatus(error, "NotFound")) throw error
}
