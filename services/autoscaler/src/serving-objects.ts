import { Metric } from "@wick/sdk/api/autoscaling-internal/metric"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { Kind, KindOf, NewOf } from "@wick/sdk/api/kind"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
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
import { desiredMetric, desiredService, type Windows } from "./desired/serving-objects.ts"
import type { Backing } from "./revision-scaler.ts"
import { isWritten } from "./same-fields.ts"

/** Objects that tell of scaling are never in the way of scaling: each revision's are written at most this often. */
const restMs = 1000
const concurrency = 4

/** What is to be told of one revision. */
export interface Told {
  readonly backing: Backing | undefined
  /** Over which load is looked at; absent where it is not. */
  readonly windows?: Windows
}

export interface ServingObjectsWorld {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics | undefined
  readonly informers: Informers
  readonly shares: Shares
  readonly scaled: Informer<typeof PodAutoscaler>
}

/** Writes each revision's ServerlessService and Metric, after what scaling itself has to write. */
export class ServingObjects implements AsyncDisposable {
  readonly #client: Client
  readonly #shares: Shares
  readonly #clock: Clock
  readonly #scaled: Informer<typeof PodAutoscaler>
  readonly services: Informer<typeof ServerlessService>
  readonly #metrics: Informer<typeof Metric>
  readonly #controller: Controller
  readonly #told = new Map<string, Told>()

  constructor({ client, clock, log, metrics, informers, shares, scaled }: ServingObjectsWorld) {
    this.#client = client
    this.#shares = shares
    this.#clock = clock
    this.#scaled = scaled
    this.services = informers(ServerlessService)
    this.#metrics = informers(Metric)
    this.#controller = createController({
      name: "serving-objects",
      clock,
      log,
      metrics,
      metricNames: "knative",
      concurrency,
      watches: [
        watchOf(this.services, (change) => [keyOf(subject(change))], restMs),
        watchOf(this.#metrics, (change) => [keyOf(subject(change))], restMs),
        {
          synced: Promise.resolve(),
          subscribe: (wake) =>
            shares.onChange(() => {
              for (const key of this.#told.keys()) wake(key)
            }),
        },
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  get synced(): Promise<void> {
    return Promise.all([this.services.synced, this.#metrics.synced]).then(() => {})
  }

  /** Remembers it, and writes it soon if it says something new. */
  tell(key: string, told: Told): void {
    const before = this.#told.get(key)
    this.#told.set(key, told)
    if (before === undefined || !isWritten(told, before)) this.#controller.wake(key, restMs)
  }

  forget(key: string): void {
    this.#told.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
  }

  async #reconcile(key: string): Promise<Result> {
    const { name, namespace = "" } = splitKey(key)
    const scaled = this.#scaled.get(name, namespace)
    const told = this.#told.get(key)
    if (scaled === undefined || scaled.metadata.deletionTimestamp !== undefined || told === undefined) return done
    if (!this.#shares.owns(key)) return done
    const service = this.services.get(name, namespace)
    const { mode = "Proxy", numActivators = 0 } = service?.spec ?? {}
    const backing = told.backing ?? { mode, activators: numActivators }
    await this.#write(ServerlessService, scaled, service, desiredService(scaled, backing))
    const target = service?.status?.privateServiceName
    if (told.windows === undefined || target === undefined) return done
    const metric = this.#metrics.get(name, namespace)
    await this.#write(Metric, scaled, metric, desiredMetric(scaled, told.windows, target))
    if (metric !== undefined && metric.status?.conditions === undefined) await this.#isMeasured(metric)
    return done
  }

  async #write<K extends typeof ServerlessService | typeof Metric>(
    kind: K,
    scaled: PodAutoscaler,
    known: KindOf<K> | undefined,
    wanted: NewOf<K>,
  ): Promise<void> {
    const { name, namespace = "" } = scaled.metadata
    if (known === undefined) {
      await this.#client.create<Kind>(kind, wanted as NewOf<Kind>).catch((error: unknown) => {
        // The cache was late, or a namespace ends: in either case there is nothing to do here.
        if (!isStatus(error, "AlreadyExists", "NotFound") && !isNamespaceTerminating(error)) throw error
      })
      return
    }
    const { spec } = wanted as { spec: object }
    if (!isOwned(known, scaled) || isWritten(spec, (known as { spec?: object }).spec)) return
    await this.#client.patch<Kind>(kind, { name, namespace }, { type: "merge", body: { spec } }).catch(passIfGone)
  }

  async #isMeasured({ metadata }: Metric): Promise<void> {
    const { name, namespace = "", generation } = metadata
    const ready = { type: "Ready", status: "True", lastTransitionTime: formatTime(this.#clock.now()) }
    const body = { status: { observedGeneration: generation, conditions: [ready] } }
    await this.#client
      .patch(Metric, { name, namespace }, { type: "merge", body }, { subresource: "status" })
      .catch(passIfGone)
  }
}

export function isOwned(
  object: { readonly metadata: { readonly ownerReferences?: readonly { readonly uid: string }[] | undefined } },
  { metadata }: PodAutoscaler,
): boolean {
  return object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) ?? false
}

function passIfGone(error: unknown): void {
  if (!isStatus(error, "NotFound")) throw error
}
