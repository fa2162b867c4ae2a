import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
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
  splitKey,
  subject,
  watchOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { ConfigSource } from "@wick/sdk/serving-config"
import { desiredAutoscaler, metricOf } from "./desired/horizontal-pod-autoscaler.ts"
import { isWritten } from "./same-fields.ts"
import { seeService } from "./service-seen.ts"
import { isOwned, type ServingObjects } from "./serving-objects.ts"
import { scalingSpec } from "./settings.ts"
import { resourceStatusOf } from "./status.ts"

const concurrency = 4
/** Its pods answer for themselves; activators are named all the same, for while there are none. */
const backing = { mode: "Serve", activators: 2 } as const

export interface ResourceScalingWorld {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly informers: Informers
  readonly scaled: Informer<typeof PodAutoscaler>
  readonly config: ConfigSource
  readonly objects: ServingObjects
}

export function isByResource({ metadata }: PodAutoscaler): boolean {
  return metadata.annotations?.[classAnnotation] === resourceClass
}

/** Revisions that a HorizontalPodAutoscaler scales: makes it, and tells what comes of it. */
export class ResourceScaling implements AsyncDisposable {
  readonly #world: ResourceScalingWorld
  readonly #autoscalers: Informer<typeof HorizontalPodAutoscaler>
  readonly #controller: Controller

  constructor(world: ResourceScalingWorld) {
    const { clock, log, informers, scaled, config, objects } = world
    this.#world = world
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
      concurrency,
      watches: [
        watchOf(scaled, (change) => (isByResource(subject(change)) ? [keyOf(subject(change))] : [])),
        watchOf(this.#autoscalers, (change) => ours(keyOf(subject(change)))),
        watchOf(objects.services, (change) => ours(keyOf(subject(change)))),
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
  }

  async #reconcile(key: string): Promise<Result> {
    const { scaled: all, objects, config, client, clock } = this.#world
    const { name, namespace = "" } = splitKey(key)
    const scaled = all.get(name, namespace)
    if (!scaled || scaled.metadata.deletionTimestamp !== undefined || !isByResource(scaled)) {
      objects.forget(key)
      return done
    }
    const settings = config.current().autoscaler
    const isForeign = await this.#write(scaled, desiredAutoscaler(scaled, settings))
    const metric = metricOf(scaled)
    const isMeasured = metric === "concurrency" || metric === "rps"
    objects.tell(key, { backing, ...(isMeasured && { spec: scalingSpec(scaled, settings) }) })
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

function isUsual(metrics: HorizontalPodAutoscaler["spec"]["metrics"]): boolean {
  const [only, ...others] = metrics ?? []
  return others.length === 0 && only?.resource?.name === "cpu" && only.resource.target.averageUtilization === 80
}

function passIfGone(error: unknown): void {
  if (!isStatus(error, "NotFound")) throw error
}
