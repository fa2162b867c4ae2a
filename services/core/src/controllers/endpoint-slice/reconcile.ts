import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { Kind, KindOf, NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import {
  type Change,
  type ControllerWatch,
  createController,
  done,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  subject,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { controllerReference } from "../owner.ts"
import { isReady } from "../pod-state.ts"
import { desiredSlices, desiredSubsets, isManaged, isOurs, serviceNameLabel, visible } from "./decide.ts"
import { podsBehind, podsByLabel, servicesBefore, servicesBySelector } from "./selected.ts"

const component = "endpointslice-controller"
const concurrency = 16
/**
 * A pod that has its address and serves nobody yet is told of after so long; what counts comes most often within it, and
 * both are written in one. Where pods are to find each other before they serve it is told at once.
 */
const unservingMs = 500

/** Tells who stands behind each Service, in EndpointSlices and in the older Endpoints. */
export function startEndpointSlices(context: ControllerContext): AsyncDisposable {
  const reconciler = new EndpointSlices(context)
  const { clock, log, metrics } = context
  return createController({
    name: component,
    clock,
    log,
    metrics,
    concurrency,
    watches: reconciler.watches(),
    reconcile: (key) => reconciler.reconcile(key),
  })
}

class EndpointSlices {
  readonly #context: ControllerContext
  readonly #services: Informer<typeof Service>
  readonly #pods: Informer<typeof Pod>
  readonly #slices: Informer<typeof EndpointSlice>
  readonly #endpoints: Informer<typeof Endpoints>

  constructor(context: ControllerContext) {
    const { informers } = context
    this.#context = context
    this.#services = informers(Service, { indexes: servicesBySelector })
    this.#pods = informers(Pod, { indexes: podsByLabel })
    this.#slices = informers(EndpointSlice, { indexes: { byService: (slice) => [serviceKey(slice)] } })
    this.#endpoints = informers(Endpoints)
  }

  watches(): ControllerWatch[] {
    return [
      watchOf(this.#services, (change) => [keyOf(subject(change))]),
      {
        synced: this.#pods.synced,
        subscribe: (wake, wakeAfter) =>
          this.#pods.onChange((change) => {
            for (const service of this.#servicesOf(change)) {
              if (canWait(change, service)) wakeAfter(keyOf(service), unservingMs)
              else wake(keyOf(service))
            }
          }),
      },
      watchOf(this.#slices, (change) => {
        const key = serviceKey(subject(change))
        return key === "" ? [] : [key]
      }),
      // What was written is looked at again, for it was decided on while what had been written before was on its way here.
      watchOf(this.#endpoints, (change) => [keyOf(subject(change))]),
    ]
  }

  async reconcile(key: string): Promise<Result> {
    const { name, namespace = "" } = splitKey(key)
    const service = this.#services.get(name, namespace)
    const known = this.#slices.byIndex("byService", key).filter(isOurs)
    if (!service || service.metadata.deletionTimestamp !== undefined) {
      await Promise.all(known.map((slice) => this.#remove(EndpointSlice, slice)))
      return done
    }
    if (!isManaged(service)) return done
    const pods = podsBehind(service, this.#pods)
    const wanted = desiredSlices(service, pods)
    const names = new Set(wanted.map(({ metadata }) => metadata.name))
    await Promise.all([
      ...wanted.map((slice) => this.#write(EndpointSlice, service, slice, ["addressType", "endpoints", "ports"])),
      ...known.filter(({ metadata }) => !names.has(metadata.name)).map((slice) => this.#remove(EndpointSlice, slice)),
      this.#writeEndpoints(service, pods),
    ])
    return done
  }

  #writeEndpoints(service: Service, pods: readonly Pod[]): Promise<void> {
    const { name, namespace, labels } = service.metadata
    const subsets = desiredSubsets(service, pods)
    return this.#write(Endpoints, service, { metadata: { name, namespace, labels }, subsets }, ["subsets"])
  }

  /** Creates the object, or makes `fields` and labels of the one that is there what they should be. */
  async #write<K extends typeof EndpointSlice | typeof Endpoints>(
    kind: K,
    service: Service,
    wanted: NewOf<K>,
    fields: readonly string[],
  ): Promise<void> {
    const { client } = this.#context
    const { name = "", namespace = "" } = wanted.metadata
    const known = this.#informer(kind).get(name, namespace)
    // What is of a Service of this name that was there before goes with that.
    const isOwn = known?.metadata.ownerReferences?.[0]?.uid === service.metadata.uid
    if (known && isOwn && isSame(known, wanted, fields)) return
    const metadata = {
      ...(known ? known.metadata : { name, namespace }),
      labels: wanted.metadata.labels,
      ownerReferences: [controllerReference(Service, service)],
    }
    const object = { ...wanted, metadata } as NewOf<K>
    try {
      await (known
        ? client.update<Kind>(kind, object as NewOf<Kind>)
        : client.create<Kind>(kind, object as NewOf<Kind>))
    } catch (error) {
      // The cache was late: what is there comes with the watch, which wakes us again.
      if (isStatus(error, "AlreadyExists") && this.#informer(kind).get(name, namespace)) return
      if (!isStatus(error, "NotFound")) throw error
    }
  }

  #informer<K extends typeof EndpointSlice | typeof Endpoints>(kind: K): Informer<K> {
    return (kind.kind === EndpointSlice.kind ? this.#slices : this.#endpoints) as unknown as Informer<K>
  }

  async #remove(kind: Kind, { metadata }: KindOf<typeof EndpointSlice>): Promise<void> {
    const { name, namespace = "", uid } = metadata
    try {
      await this.#context.client.delete(kind, { name, namespace }, { preconditions: { uid } })
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error
    }
  }

  /** Services that the pod stands or stood behind, if something changed that shows in them. */
  #servicesOf({ before, after }: Change<Pod>): Set<Service> {
    if (before && after && visible(before) === visible(after)) return new Set()
    return new Set([before, after].flatMap((pod) => (pod ? servicesBefore(pod, this.#services) : [])))
  }
}

/** Nobody who counts has come or gone. */
function canWait({ before, after }: Change<Pod>, { spec }: Service): boolean {
  if (spec.publishNotReadyAddresses === true) return false
  return [before, after].every((pod) => pod === undefined || !isReady(pod))
}

function serviceKey({ metadata }: EndpointSlice): string {
  const name = metadata.labels?.[serviceNameLabel]
  return name === undefined ? "" : `${metadata.namespace}/${name}`
}

function isSame(known: object, wanted: object, fields: readonly string[]): boolean {
  const labels = (object: object): unknown => (object as { metadata: { labels?: object } }).metadata.labels ?? {}
  const read = (object: object, field: string): unknown => (object as Record<string, unknown>)[field] ?? []
  return (
    isEqual(labels(known), labels(wanted)) && fields.every((field) => isEqual(read(known, field), read(wanted, field)))
  )
}

/** Equal as JSON, whatever the order of keys. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false
  const left = Object.entries(one).filter(([, value]) => value !== undefined)
  const right = Object.entries(other).filter(([, value]) => value !== undefined)
  const values = new Map(right)
  return (
    left.length === right.length && left.every(([key, value]) => values.has(key) && isEqual(value, values.get(key)))
  )
}
