import { Deployment } from "@wick/sdk/api/apps/deployment"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { revisionAttributes } from "@wick/sdk/api/serving/revision-attributes"
import { revisionKeys, revisionLabel } from "@wick/sdk/api/serving/revision-key"
import { classAnnotation, requestClass } from "@wick/sdk/api/serving/scaling-annotation"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import {
  allShares,
  type Controller,
  createController,
  done,
  type Informer,
  type Informers,
  keyOf,
  type Result,
  type Shares,
  soonest,
  splitKey,
  subject,
  Untold,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { type ConfigSource, watchConfig } from "@wick/sdk/serving-config"
import type { AutoscalerMessage, RevisionHistory, RevisionLoad } from "@wick/sdk/wire"
import type { MetricsExposure } from "./custom-metrics/metrics-api.ts"
import { windowsOf } from "./desired/serving-objects.ts"
import type { LoadListener } from "./load-server.ts"
import { exposeScaling, type RevisionFigures } from "./metrics/scaling-metrics.ts"
import { countReady, deletionCost, deletionCosts, podStates } from "./pod-counts.ts"
import { ResourceScaling } from "./resource-scaling.ts"
import { type Plan, RevisionScaler } from "./revision-scaler.ts"
import { isWritten } from "./same-fields.ts"
import { type ScalingCause, ScalingCauses } from "./scaling-cause.ts"
import { type ServiceSeen, seeService } from "./service-seen.ts"
import { ServingObjects } from "./serving-objects.ts"
import { type ScalingSpec, scalingSpec } from "./settings.ts"
import { activityOf, isInitialized, isUnderWay, statusOf } from "./status.ts"
import { steadyTime } from "./steady-time.ts"

/** Revisions that are looked at at the same time: each waits for the API server a few times. */
const concurrency = 32
/** A revision's Services hear of its first pod, and of its last, within a second: by then all of it is told at once. */
const untoldMsMax = 2_000

/** Brings what activators report and what the API server knows together: plans, scales, and writes where it stands. */
export class Autoscaler implements LoadListener, AsyncDisposable {
  readonly #client: Client
  readonly #clock: Clock
  readonly #nowMs: () => number
  readonly #log: Log
  readonly #scaled: Informer<typeof PodAutoscaler>
  readonly #pods: Informer<typeof Pod>
  readonly #deployments: Informer<typeof Deployment>
  readonly #config: ConfigSource
  readonly #objects: ServingObjects
  readonly #byResource: ResourceScaling
  readonly #causes: ScalingCauses
  readonly #shares: Shares
  readonly #controller: Controller
  /** Its figures are told no more. */
  readonly #conceal: () => void
  readonly #scalers = new Map<string, RevisionScaler>()
  readonly #untold: Untold
  readonly #tell: (message: AutoscalerMessage) => void
  /** Since when somebody waits for the first pod of a revision. */
  readonly #pokedMs = new Map<string, number>()
  readonly #activators = new Set<string>()
  /** Activators whose load was heard from its beginning on, or from where their history began. */
  readonly #heard = new Set<string>()
  /** Since when load is reported without a gap. */
  #watchedSinceMs: number | undefined

  constructor(world: {
    client: Client
    clock: Clock
    log: Log
    informers: Informers
    exposure?: MetricsExposure | undefined
    metrics?: Metrics | undefined
    causes?: ScalingCauses
    /** What of it all is ours to decide; all unless given. */
    shares?: Shares | undefined
    /** To all activators. */
    tell: (message: AutoscalerMessage) => void
  }) {
    const { client, clock, log, informers, metrics, causes = new ScalingCauses(), shares = allShares } = world
    this.#causes = causes
    this.#shares = shares
    this.#client = client
    this.#tell = world.tell
    this.#clock = clock
    this.#nowMs = steadyTime(clock)
    this.#untold = new Untold(clock, untoldMsMax)
    this.#log = log
    this.#scaled = informers(PodAutoscaler)
    this.#pods = informers(Pod, { labelSelector: revisionLabel, indexes: { revision: revisionKeys } })
    this.#deployments = informers(Deployment, { labelSelector: revisionLabel })
    this.#config = watchConfig(informers)
    this.#objects = new ServingObjects({ ...world, shares, scaled: this.#scaled })
    this.#byResource = new ResourceScaling({
      ...world,
      nowMs: this.#nowMs,
      shares,
      scaled: this.#scaled,
      config: this.#config,
      objects: this.#objects,
      pods: this.#pods,
    })
    const { exposure } = world
    // Of whoever was here before something may be left that leads nowhere now.
    if (exposure) void this.synced.then(() => this.#byResource.begin())
    this.#controller = createController({
      name: "autoscaler",
      clock,
      log,
      metrics,
      metricNames: "knative",
      concurrency,
      watches: [
        watchOf(this.#scaled, (change) => [keyOf(subject(change))]),
        watchOf(this.#pods, (change) => revisionKeys(subject(change))),
        watchOf(this.#deployments, (change) => revisionKeys(subject(change))),
        watchOf(this.#objects.services, (change) => [keyOf(subject(change))]),
        {
          synced: Promise.resolve(),
          subscribe: (wake) => shares.onChange(() => this.#scaled.list().map(keyOf).forEach(wake)),
        },
        {
          synced: this.#config.synced,
          subscribe: (wake) => this.#config.onChange(() => this.#scaled.list().map(keyOf).forEach(wake)),
        },
      ],
      reconcile: (key) => this.#reconcile(key),
    })
    this.#conceal = metrics ? exposeScaling(metrics, () => this.#allFigures()) : () => {}
  }

  /** The operators' configuration, as it is scaled by. */
  get config(): ConfigSource {
    return this.#config
  }

  get synced(): Promise<void> {
    const informers = [this.#scaled, this.#pods, this.#deployments, this.#config, this.#objects]
    return Promise.all(informers.map(({ synced }) => synced)).then(() => {})
  }

  connected(activator: string): void {
    this.#activators.add(activator)
    if (this.#watchedSinceMs !== undefined) return
    this.#watchedSinceMs = this.#nowMs()
    for (const scaled of this.#scaled.list()) this.#controller.wake(keyOf(scaled))
  }

  history(activator: string, revisions: readonly RevisionHistory[]): void {
    if (this.#heard.has(activator)) return
    this.#heard.add(activator)
    const now = this.#nowMs()
    for (const { namespace, name, stretches } of revisions) {
      const key = `${namespace}/${name}`
      this.#scaler(key)?.recall(stretches, now)
      this.#controller.wake(key)
    }
  }

  load(activator: string, intervalMs: number, revisions: readonly RevisionLoad[]): void {
    this.#heard.add(activator)
    const now = this.#nowMs()
    for (const load of revisions) {
      const key = `${load.namespace}/${load.name}`
      const scaler = this.#scaler(key)
      if (scaler === undefined) {
        this.#byResource.report(activator, load, intervalMs, now)
        continue
      }
      const wasIdle = scaler.aggregate.isIdle(now)
      scaler.report(activator, load, intervalMs, now)
      this.#causes.asked(key, load.cause)
      if (wasIdle || scaler.isPressed()) this.#controller.wake(key)
    }
  }

  poke(activator: string, namespace: string, name: string, cause?: string): void {
    const key = `${namespace}/${name}`
    this.#causes.asked(key, cause)
    const scaler = this.#scaler(key)
    scaler?.aggregate.poke(activator, this.#nowMs())
    if (scaler && !this.#pokedMs.has(key)) this.#pokedMs.set(key, this.#clock.monotonic())
    this.#controller.wake(key)
  }

  disconnected(activator: string): void {
    this.#activators.delete(activator)
    if (this.#activators.size === 0) this.#watchedSinceMs = undefined
    for (const [key, scaler] of this.#scalers) if (scaler.aggregate.forget(activator)) this.#controller.wake(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#conceal()
    await this.#controller[Symbol.asyncDispose]()
    await this.#byResource[Symbol.asyncDispose]()
    await this.#objects[Symbol.asyncDispose]()
  }

  async #reconcile(key: string): Promise<Result> {
    const scaled = this.#lookUp(key)
    const scaler = this.#scaler(key)
    const cause = this.#causes.take(key)
    if (scaled === undefined || scaler === undefined) {
      this.#scalers.delete(key)
      this.#pokedMs.delete(key)
      this.#untold.forget(key)
      if (this.#scaled.get(splitKey(key).name, splitKey(key).namespace) === undefined) this.#objects.forget(key)
      return done
    }
    const { name, namespace } = splitKey(key)
    const service = seeService(this.#objects.services.get(name, namespace), scaled)
    const spec = this.#spec(scaled)
    const deployment = this.#deploymentOf(scaled)
    const readyPods = countReady(this.#pods.byIndex("revision", key))
    const now = this.#nowMs()
    const conditions = scaled.status?.conditions ?? []
    const plan = scaler.plan(
      {
        spec,
        readyPods,
        replicas: deployment?.spec.replicas ?? 0,
        initialized: isInitialized(conditions),
        watchedMs: this.#watchedSinceMs === undefined ? undefined : now - this.#watchedSinceMs,
        proxied: service.proxied,
      },
      now,
    )
    const next = plan.wakeAfterMs === undefined ? done : wakeAfter(plan.wakeAfterMs)
    const tell = (): void => this.#objects.tell(key, { backing: plan.backing, windows: windowsOf(spec) })
    // What is another's is followed all the same: whoever decides on it after him goes on where he was.
    if (!this.#shares.owns(key)) {
      if (plan.replicas > 0) this.#pokedMs.delete(key)
      tell()
      return next
    }
    if (deployment !== undefined) await this.#scale(key, deployment, plan, scaler, cause)
    const written = await this.#writeStatus(scaled, plan, readyPods, service)
    tell()
    return soonest(next, written)
  }

  async #scale(
    key: string,
    deployment: Deployment,
    plan: Plan,
    scaler: RevisionScaler,
    asked: ScalingCause | undefined,
  ): Promise<void> {
    const from = deployment.spec.replicas ?? 1
    // No request asks for fewer pods.
    const cause = plan.replicas > from ? asked : undefined
    const pokedMs = this.#pokedMs.get(key)
    if (plan.replicas > 0) this.#pokedMs.delete(key)
    if (plan.replicas === from) return
    const { name, namespace = "default" } = deployment.metadata
    if (plan.replicas > 0 && plan.replicas < from) await this.#priceDeletions(key, namespace, scaler)
    const { mode, explain } = plan
    this.#log.info("scaling", { revision: key, from, to: plan.replicas, mode, ...explain })
    cause?.span?.set({ "kn.revision.name": splitKey(key).name, "k8s.namespace.name": namespace })
    cause?.span?.set({ "kn.scale.from": from, "kn.scale.to": plan.replicas, "kn.scale.mode": mode })
    await this.#client.patch(
      Deployment,
      { name, namespace },
      { type: "merge", body: { spec: { replicas: plan.replicas } } },
      { subresource: "scale", ...(cause && { traceparent: cause.traceparent }) },
    )
    cause?.span?.end()
    if (from > 0 || pokedMs === undefined) return
    this.#tell({ type: "decided", namespace, name: splitKey(key).name, thoughtMs: this.#clock.monotonic() - pokedMs })
  }

  async #priceDeletions(key: string, namespace: string, scaler: RevisionScaler): Promise<void> {
    const changes = deletionCosts(this.#pods.byIndex("revision", key), scaler.aggregate.inFlight())
    const patches = changes.map(({ name, cost }) => {
      const body = { metadata: { annotations: { [deletionCost]: cost } } }
      return this.#client.patch(Pod, { name, namespace }, { type: "merge", body }).catch((error: unknown) => {
        // A pod that has gone meanwhile has no price.
        if (!isStatus(error, "NotFound")) throw error
      })
    })
    await Promise.all(patches)
  }

  /** When to look again, where the status may wait. A revision's first pods are waited for by whoever deploys it. */
  async #writeStatus(scaled: PodAutoscaler, plan: Plan, readyPods: number, service: ServiceSeen): Promise<Result> {
    const { name, namespace = "default", generation = 1 } = scaled.metadata
    const key = keyOf(scaled)
    const before = scaled.status?.conditions ?? []
    const status = statusOf({ generation, before }, plan, readyPods, service, this.#clock.now())
    const isNew = !isWritten(status, scaled.status ?? {})
    const mayWait = isNew && isUnderWay(status) && plan.initialized === isInitialized(before)
    const leftMs = mayWait ? this.#untold.leftMs(key) : 0
    if (leftMs > 0) return wakeAfter(leftMs)
    this.#untold.forget(key)
    if (!isNew) return done
    await this.#client.patch(
      PodAutoscaler,
      { name, namespace },
      { type: "merge", body: { status } },
      { subresource: "status" },
    )
    return done
  }

  #lookUp(key: string): PodAutoscaler | undefined {
    const { namespace, name } = splitKey(key)
    const scaled = this.#scaled.get(name, namespace)
    const itsClass = scaled?.metadata.annotations?.[classAnnotation] ?? requestClass
    return itsClass === requestClass ? scaled : undefined
  }

  *#allFigures(): Iterable<RevisionFigures> {
    const now = this.#nowMs()
    for (const [key, scaler] of this.#scalers) {
      const scaled = this.#lookUp(key)
      // Each revision's figures are told once, by whoever decides on it.
      if (scaled === undefined || !this.#shares.owns(key)) continue
      const { name, namespace = "" } = scaled.metadata
      const spec = this.#spec(scaled)
      const pods = this.#pods.byIndex("revision", key)
      yield {
        labels: revisionAttributes(namespace, name, scaled.metadata.labels),
        spec,
        plan: scaler.figures,
        requested: this.#deploymentOf(scaled)?.spec.replicas ?? 0,
        load: () => scaler.aggregate.observe(spec, countReady(pods), now),
        pods: () => podStates(pods),
      }
    }
  }

  /** Made when its PodAutoscaler is first heard of; load of a revision that has none yet is not kept. */
  #scaler(key: string): RevisionScaler | undefined {
    const known = this.#scalers.get(key)
    if (known !== undefined) return known
    const scaled = this.#lookUp(key)
    if (scaled === undefined) return undefined
    const now = this.#nowMs()
    const spec = this.#spec(scaled)
    const { initialScale } = spec
    const found = Math.max(countReady(this.#pods.byIndex("revision", key)), this.#replicasOf(scaled))
    const activity = activityOf(scaled.status?.conditions ?? [], { initialScale, pods: found }, now)
    const scaler = new RevisionScaler({ spec, activity, found, nowMs: now })
    this.#scalers.set(key, scaler)
    return scaler
  }

  #deploymentOf({ metadata, spec }: PodAutoscaler): Deployment | undefined {
    return this.#deployments.get(spec.scaleTargetRef.name ?? "", metadata.namespace)
  }

  /** Pods that somebody decided on before; what a new revision starts with is nobody's decision. */
  #replicasOf(scaled: PodAutoscaler): number {
    const isNew = !isInitialized(scaled.status?.conditions ?? [])
    return isNew ? 0 : (this.#deploymentOf(scaled)?.spec.replicas ?? 0)
  }

  #spec(scaled: PodAutoscaler): ScalingSpec {
    return scalingSpec(scaled, this.#config.current().autoscaler)
  }
}
