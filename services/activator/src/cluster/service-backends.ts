import type { Clock, Random } from "@wick/sdk/clock"
import type { Informer, Informers } from "@wick/sdk/controller"
import { Backend, type BackendEvents } from "../backend/backend.ts"
import { Pod } from "../backend/pod.ts"
import type { Prober } from "../backend/prober.ts"
import { unknownSpec } from "../backend/revision-spec.ts"
import type { RequestMeasuring } from "../metrics/request-series.ts"
import { RevisionMetrics } from "../metrics/revision-metrics.ts"
import { endpointsOf, protocolOf, sliceServiceLabel, sourceOf, type Wanted } from "./service-endpoints.ts"
import { WatchedEndpointSlice, WatchedService } from "./watched-kinds.ts"

export interface ServiceWorld {
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly prober: Prober
  readonly measuring: RequestMeasuring
}

/** A Service's application says itself how long its answers may take: the longest time that a timer knows. */
const timeoutMsMax = 2 ** 31 - 1

/**
 * What Ingresses lead to that is no revision: ports of Services, each with its endpoints as a revision has its pods. Nothing
 * is started for them and nobody is told of their load. Services and EndpointSlices are watched from the moment that an
 * Ingress leads to one; those of revisions, of which there are most, are left out.
 */
export class ServiceBackends {
  readonly #world: ServiceWorld
  readonly #backends = new Map<string, { readonly wanted: Wanted; readonly backend: Backend }>()
  readonly #events: BackendEvents
  #services: Informer<typeof WatchedService> | undefined
  #slices: Informer<typeof WatchedEndpointSlice> | undefined
  #changed: () => void = () => {}

  constructor(world: ServiceWorld) {
    this.#world = world
    const again = (backend: Backend, pod: Pod): void => {
      backend.markUnready(pod)
      const probe = { kind: "tcp" as const, port: pod.port }
      if (pod.phase === "starting") this.#world.prober.start(pod, probe, () => backend.markReady(pod))
    }
    this.#events = { pressed() {}, woken() {}, suspected: again, drained: (_backend, pod) => pod.disconnect() }
  }

  /** Called when Services may be known that were not. */
  onChange(changed: () => void): void {
    this.#changed = changed
  }

  /** Undefined while the Service is not known. */
  find(wanted: Wanted): Backend | undefined {
    const { services } = this.#watch()
    const key = `${wanted.namespace}/${wanted.name}:${wanted.port}`
    const known = this.#backends.get(key)
    if (known !== undefined) return known.backend
    if (services.get(wanted.name, wanted.namespace) === undefined) return undefined
    const { clock, random, measuring } = this.#world
    const backend = new Backend(wanted, {
      clock,
      random,
      events: this.#events,
      metrics: new RevisionMetrics(measuring),
    })
    this.#backends.set(key, { wanted, backend })
    this.#refresh(key)
    return backend
  }

  /** Resolves when everything is known that is wanted by now. */
  async synced(signal: AbortSignal): Promise<void> {
    if (this.#services === undefined) return
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
    await Promise.race([Promise.all([this.#services.synced, this.#slices?.synced]), aborted])
  }

  #watch(): { services: Informer<typeof WatchedService>; slices: Informer<typeof WatchedEndpointSlice> } {
    if (this.#services !== undefined && this.#slices !== undefined) {
      return { services: this.#services, slices: this.#slices }
    }
    const { informers } = this.#world
    const labelSelector = notOfRevisions
    const services = informers(WatchedService, { labelSelector, trim: trimmedService })
    const slices = informers(WatchedEndpointSlice, {
      labelSelector,
      trim: trimmedSlice,
      indexes: { service: serviceOf },
    })
    this.#services = services
    this.#slices = slices
    const refresh = (): void => {
      for (const key of this.#backends.keys()) this.#refresh(key)
      this.#changed()
    }
    services.onChange(refresh)
    slices.onChange(refresh)
    return { services, slices }
  }

  /** Its endpoints become what the cluster says that they are. */
  #refresh(key: string): void {
    const held = this.#backends.get(key)
    if (held === undefined) return
    const { backend, wanted } = held
    const { services, slices } = this.#watch()
    const source = sourceOf(wanted, (namespace, name) => services.get(name, namespace)?.spec)
    const protocol = protocolOf(source?.port)
    const { prober } = this.#world
    backend.setSpec({ ...unknownSpec, protocol, timeoutMs: timeoutMsMax, startsPods: false })
    const own = slices.byIndex("service", `${source?.namespace}/${source?.name}`)
    const endpoints = new Map(
      endpointsOf(source, own).map((endpoint) => [`${protocol}://${endpoint.address}:${endpoint.port}`, endpoint]),
    )
    for (const pod of [...backend.pods.values()]) {
      if (endpoints.has(pod.name)) continue
      prober.stop(pod)
      backend.removePod(pod)
    }
    for (const [name, { address, port }] of endpoints) {
      if (backend.pods.has(name)) continue
      const pod = new Pod(name, name)
      pod.reachAt(address, { port, protocol })
      backend.addPod(pod)
      backend.markReady(pod)
    }
    if (services.get(wanted.name, wanted.namespace) === undefined) this.#backends.delete(key)
  }
}

/** Revisions' own Services and their slices: the gateway knows their pods. */
const notOfRevisions = "!networking.internal.knative.dev/serverlessservice"

function serviceOf({ metadata }: WatchedEndpointSlice): string[] {
  const name = metadata.labels?.[sliceServiceLabel]
  return name === undefined ? [] : [`${metadata.namespace}/${name}`]
}

function trimmedService({ spec: { type, externalName, ports }, metadata, ...kind }: WatchedService): WatchedService {
  return { ...kind, metadata: bare(metadata), spec: { type, externalName, ports } } as WatchedService
}

function trimmedSlice({ endpoints, ports, metadata, ...kind }: WatchedEndpointSlice): WatchedEndpointSlice {
  const name = metadata.labels?.[sliceServiceLabel] ?? ""
  const labels = { [sliceServiceLabel]: name }
  const places = endpoints?.map(({ addresses, conditions }) => ({ addresses, conditions }))
  return { ...kind, metadata: { ...bare(metadata), labels }, endpoints: places, ports } as WatchedEndpointSlice
}

function bare({ name, namespace, uid, resourceVersion }: WatchedService["metadata"]): WatchedService["metadata"] {
  return { name, namespace, uid, resourceVersion } as WatchedService["metadata"]
}
