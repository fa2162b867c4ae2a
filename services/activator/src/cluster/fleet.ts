import type { Clock, Random } from "@wick/sdk/clock"
import { Backend, type BackendEvents, type Lender } from "../backend/backend.ts"
import { Pod } from "../backend/pod.ts"
import { podTrouble } from "../backend/pod-trouble.ts"
import type { OwnProbe, Prober } from "../backend/prober.ts"
import type { Finding } from "../backend/protocol-finder.ts"
import { type RevisionView, revisionSpec, unknownSpec, unmakeableCause } from "../backend/revision-spec.ts"
import type { RequestMeasuring } from "../metrics/request-series.ts"
import { RevisionMetrics } from "../metrics/revision-metrics.ts"
import type { PodStatusView } from "./watched-kinds.ts"

/** What is read of a Pod. */
export interface PodView {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly namespace?: string | undefined
    readonly labels?: Readonly<Record<string, string>> | undefined
    readonly deletionTimestamp?: string | undefined
  }
  readonly status?: PodStatusView | undefined
}

export interface FleetWorld {
  readonly clock: Clock
  readonly random: Random
  readonly prober: Prober
  readonly measuring: RequestMeasuring
  readonly events: Pick<BackendEvents, "pressed" | "woken">
  readonly lender?: Lender | undefined
}

/** How long a terminating pod's WebSockets keep it from being told to stop; Knative's are given about as long. */
const upgradesDrainMs = 30_000

/** Every revision that was heard of, and what becomes of its pods. Fed by informers; holds no connection to the API. */
export class Fleet {
  readonly #world: FleetWorld
  readonly #backends = new Map<string, Backend>()
  /** Deleted revisions, with what says whether a route still leads there. */
  readonly #leaving = new Map<Backend, (backend: Backend) => boolean>()
  /** Told when a draining pod has nothing in flight any more. */
  readonly #drainWaiters = new Set<() => void>()
  readonly #events: BackendEvents
  /** Whether applications are asked if they speak HTTP/2 where their port does not say what they speak. */
  findsHttp2 = false

  constructor(world: FleetWorld) {
    this.#world = world
    this.#events = {
      pressed: world.events.pressed,
      woken: world.events.woken,
      suspected: (backend, pod) => this.#suspect(backend, pod),
      drained: (_backend, pod) => {
        pod.disconnect()
        for (const wake of [...this.#drainWaiters]) wake()
      },
    }
  }

  /** The backend of a revision, made when it is first heard of: by an Ingress, itself, or one of its pods. */
  backend(namespace: string, name: string): Backend {
    const key = `${namespace}/${name}`
    let backend = this.#backends.get(key)
    if (backend === undefined) {
      const { clock, random, lender, measuring } = this.#world
      const metrics = new RevisionMetrics(measuring)
      const world = { clock, random, events: this.#events, metrics, lender }
      backend = new Backend({ namespace, name }, world)
      this.#backends.set(key, backend)
    }
    return backend
  }

  /** The backend of a revision that was seen itself, not only spoken of. */
  known(namespace: string, name: string): Backend | undefined {
    const backend = this.#backends.get(`${namespace}/${name}`)
    return backend !== undefined && backend.spec !== unknownSpec ? backend : undefined
  }

  get backends(): IterableIterator<Backend> {
    return this.#backends.values()
  }

  putRevision(namespace: string, name: string, revision: RevisionView): void {
    const backend = this.backend(namespace, name)
    backend.gone = false
    this.#leaving.delete(backend)
    const spec = revisionSpec(revision, this.findsHttp2)
    const moved = spec.port !== backend.spec.port || spec.protocol !== backend.spec.protocol
    backend.setSpec(spec)
    backend.setUnmakeable(unmakeableCause(revision))
    if (!moved) return
    // Pods that were seen before their revision were taken to listen on the default port.
    for (const pod of backend.pods.values()) {
      if (pod.address === undefined || pod.phase === "draining") continue
      pod.reachAt(pod.address, spec)
      this.#world.prober.stop(pod)
      if (pod.phase === "starting" || backend.isToBeFound) this.#probe(backend, pod)
    }
  }

  /** `routed`: whether a route still leads there; its own removal may be on the way. */
  removeRevision(namespace: string, name: string, routed: (backend: Backend) => boolean): void {
    const backend = this.#backends.get(`${namespace}/${name}`)
    if (backend === undefined) return
    backend.refuseAll(404, `revision ${namespace}/${name} was deleted`)
    backend.gone = true
    backend.metrics.requests.clear()
    this.#leaving.set(backend, routed)
    this.sweep()
  }

  /** Forgets deleted revisions that have no pods any more and to which no route leads. */
  sweep(): void {
    for (const [backend, routed] of this.#leaving) {
      if (backend.pods.size > 0 || routed(backend)) continue
      this.#leaving.delete(backend)
      this.#backends.delete(`${backend.namespace}/${backend.name}`)
    }
  }

  putPod(revision: string, seen: PodView): void {
    const backend = this.backend(seen.metadata.namespace ?? "default", revision)
    const pod = this.#podOf(backend, seen)
    if (seen.metadata.deletionTimestamp || seen.status?.phase === "Failed" || seen.status?.phase === "Succeeded") {
      this.#world.prober.stop(pod)
      backend.markDraining(pod)
      backend.diagnose()
      return
    }
    const trouble = podTrouble(seen.status)
    pod.setTrouble(trouble, this.#world.clock.monotonic())
    this.#mark(pod, seen.status)
    const address = seen.status?.podIP
    if (address && address !== pod.address) {
      pod.reachAt(address, backend.spec)
      this.#world.prober.stop(pod)
      backend.markUnready(pod)
    }
    if (pod.address !== undefined) this.#judge(backend, pod, isReady(seen.status))
    backend.diagnose()
  }

  removePod(revision: string, seen: PodView): void {
    const backend = this.backend(seen.metadata.namespace ?? "default", revision)
    const pod = backend.pods.get(seen.metadata.name)
    if (pod === undefined || pod.uid !== seen.metadata.uid) return
    this.#world.prober.stop(pod)
    backend.removePod(pod)
    this.sweep()
    for (const wake of [...this.#drainWaiters]) wake()
  }

  /** Names of the revision's pods. */
  podsOf(namespace: string, name: string): string[] {
    return [...(this.#backends.get(`${namespace}/${name}`)?.pods.keys() ?? [])]
  }

  /**
   * Resolves when no terminating pod of the revision has a request in flight. Of connections that speak another protocol
   * only a while is waited for the end: goodbye on them is the application's to say, once it hears that it is to stop.
   */
  drained(namespace: string, name: string, signal: AbortSignal): Promise<void> {
    let isPatient = true
    const busy = (): boolean => {
      const pods = this.#backends.get(`${namespace}/${name}`)?.pods.values() ?? []
      return [...pods].some((pod) => pod.phase === "draining" && pod.inFlight > (isPatient ? 0 : pod.upgraded))
    }
    if (!busy()) return Promise.resolve()
    return new Promise((resolve) => {
      const look = (): void => {
        if (busy() && !signal.aborted) return
        this.#drainWaiters.delete(look)
        patience.cancel()
        resolve()
      }
      const patience = this.#world.clock.timer(upgradesDrainMs, () => {
        isPatient = false
        look()
      })
      this.#drainWaiters.add(look)
      signal.addEventListener("abort", look, { once: true })
    })
  }

  #podOf(backend: Backend, seen: PodView): Pod {
    const { name, uid } = seen.metadata
    const known = backend.pods.get(name)
    if (known?.uid === uid) return known
    const pod = new Pod(name, uid)
    backend.addPod(pod)
    return pod
  }

  /** The kubelet's word counts when it changes; before it has said Yes, our own probe is usually faster. */
  #judge(backend: Backend, pod: Pod, kubeletReady: boolean): void {
    const changed = kubeletReady !== pod.wasReady
    pod.wasReady = kubeletReady
    if (kubeletReady && changed) this.#ready(backend, pod)
    if (!kubeletReady && changed) backend.markUnready(pod)
    if (pod.phase === "starting" && backend.spec.probe.kind !== "kubelet") this.#probe(backend, pod)
  }

  #probe(backend: Backend, pod: Pod): void {
    const { probe, port } = backend.spec
    const own = probe.kind === "kubelet" ? { kind: "tcp" as const, port } : probe
    this.#ask(backend, pod, own)
  }

  #ready(backend: Backend, pod: Pod): void {
    const { prober } = this.#world
    prober.stop(pod)
    if (backend.isToBeFound) this.#ask(backend, pod, { kind: "tcp", port: backend.spec.port })
    else this.#answers(backend, pod)
  }

  #ask(backend: Backend, pod: Pod, probe: OwnProbe): void {
    const { port } = backend.spec
    const found = backend.isToBeFound ? { port, tell: (finding: Finding) => backend.found(finding) } : undefined
    this.#world.prober.start(pod, probe, () => this.#answers(backend, pod), found)
  }

  #answers(backend: Backend, pod: Pod): void {
    pod.marks.first_probe ??= this.#world.clock.monotonic()
    backend.markReady(pod)
  }

  /** It took no connection: it must answer again before it gets another request. */
  #suspect(backend: Backend, pod: Pod): void {
    backend.markUnready(pod)
    if (pod.phase === "starting") this.#probe(backend, pod)
  }

  /** How far it has come in its start, by its status: when we saw it. */
  #mark(pod: Pod, status: PodStatusView | undefined): void {
    const { marks } = pod
    if (marks.started !== undefined) return
    const now = this.#world.clock.monotonic()
    const hasAddress = status?.podIP !== undefined
    if (hasAddress || isTrue(status, "PodScheduled")) marks.scheduled ??= now
    if (hasAddress || isTrue(status, "PodReadyToStartContainers")) marks.sandbox ??= now
    const containers = status?.containerStatuses ?? []
    if (containers.length === 0 || !containers.every(({ state }) => state?.running)) return
    marks.started = now
    this.#world.prober.hurry(pod)
  }
}

function isReady(status: PodStatusView | undefined): boolean {
  return isTrue(status, "Ready")
}

function isTrue(status: PodStatusView | undefined, condition: string): boolean {
  return status?.conditions?.some(({ type, status }) => type === condition && status === "True") ?? false
}
