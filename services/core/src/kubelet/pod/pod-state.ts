import { join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodStatus } from "@wick/sdk/api/core/pod-status"
import { findCondition } from "@wick/sdk/api/meta/condition"
import type { Timer } from "@wick/sdk/clock"
import type { Backoff } from "../container/backoff.ts"
import type { Waiting } from "../container/container-status.ts"
import type { PodPlace } from "../container/pod-field.ts"
import { terminationMessage } from "../container/termination-message.ts"
import { Prober } from "../probe/prober.ts"
import type { ContainerRecord, SandboxRecord } from "../runtime/runtime.ts"
import { PodVolumes } from "../volume/pod-volumes.ts"
import { newestSandbox, type Observed, type PodContainer } from "./observed.ts"
import type { Health, PodView } from "./pod-actions.ts"
import type { PodDeps } from "./pod-deps.ts"
import { volumeImage } from "./pod-image.ts"
import type { ResizeCondition } from "./pod-resize.ts"
import { podStatus } from "./pod-status.ts"
import { StartTrace } from "./start-trace.ts"
import { StatusWriter } from "./status-writer.ts"

const ownConditions = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "PodResizePending",
  "PodResizeInProgress",
])

/** A container that is ready within this is told as running and ready at once: one write instead of two. */
const firstLookMs = 100

/** All that the kubelet knows of one pod, and how it is told to the API. Only the pod's worker changes it. */
export class PodState {
  pod: Pod
  readonly sandboxes = new Map<string, SandboxRecord>()
  /** A sandbox that is on its way. */
  making: Promise<unknown> | undefined
  readonly containers = new Map<string, ContainerRecord>()
  readonly backoffs = new Map<string, Backoff>()
  readonly heldUntilMs = new Map<string, number>()
  readonly waiting = new Map<string, Waiting>()
  /** What containers were given, by id, as the pod said it at that time. */
  readonly resources = new Map<string, PodContainer["resources"]>()
  /** Set while what runs has other resources than the pod asks for. */
  resize: ResizeCondition | undefined
  readonly volumes: PodVolumes
  readonly status: StatusWriter
  /** Set when the pod is given up as a whole. */
  verdict: { readonly reason: string; readonly message: string } | undefined
  /** Until the pod is ready, where its start is traced. */
  readonly trace: StartTrace | undefined
  readonly #endListeners = new Map<string, Set<() => void>>()
  readonly #probers = new Map<string, Prober>()
  /** While a container that has just begun to run is looked at for the first time. */
  #firstLook: Timer | undefined
  readonly #deps: PodDeps
  readonly #poke: () => void
  readonly #acceptedAtMs: number
  /** The same, by a clock that nobody sets. */
  readonly #seenMs: number

  constructor(deps: PodDeps, pod: Pod, poke: () => void) {
    this.pod = pod
    this.#deps = deps
    this.#poke = poke
    this.#acceptedAtMs = deps.clock.now()
    this.#seenMs = deps.clock.monotonic()
    this.trace = StartTrace.of(deps.tracing?.tracer, pod)
    this.status = new StatusWriter(deps.client, deps.clock, deps.log, pod)
    this.volumes = new PodVolumes({
      client: deps.client,
      watches: deps.watches,
      claims: deps.claims,
      csi: deps.csi,
      views: deps.runtime.imageViews,
      haveImage: (source, signal) => volumeImage(this, deps, source, signal),
      clock: deps.clock,
      log: deps.log,
      directory: this.directory,
      volatileDirectory: join(deps.directories.volatile, pod.metadata.uid),
      onChange: () => {
        // What was missing may have come: nobody waits for a timer then.
        this.heldUntilMs.clear()
        poke()
      },
    })
  }

  get directory(): string {
    return join(this.#deps.directories.pods, this.pod.metadata.uid)
  }

  get logDirectory(): string {
    const { namespace, name, uid } = this.pod.metadata
    return join(this.#deps.directories.logs, `${namespace}_${name}_${uid}`)
  }

  terminationFile(name: string, attempt: number): string {
    return join(this.directory, "containers", name, String(attempt))
  }

  get place(): PodPlace {
    const { nodeName, hostIp, allocatable } = this.#deps
    return { nodeName, hostIp, allocatable, podIps: this.podIps }
  }

  get podIps(): readonly string[] {
    if (this.pod.spec.hostNetwork) return [this.#deps.hostIp]
    return newestSandbox(this.observed)?.ips ?? []
  }

  get observed(): Observed {
    return { sandboxes: [...this.sandboxes.values()], containers: [...this.containers.values()] }
  }

  get view(): PodView {
    const { pod, observed, backoffs, heldUntilMs } = this
    return { pod, observed, backoffs, heldUntilMs, health: this.#health() }
  }

  container(name: string): PodContainer | undefined {
    const { initContainers = [], containers, ephemeralContainers = [] } = this.pod.spec
    const all = [...containers, ...initContainers, ...(ephemeralContainers as PodContainer[])]
    return all.find((container) => container.name === name)
  }

  keepSandbox(record: SandboxRecord): void {
    this.sandboxes.set(record.id, record)
    this.#deps.claim(record, this.pod.metadata.uid)
  }

  keepContainer(record: ContainerRecord): void {
    this.containers.set(record.id, record)
    this.#deps.claim(record, this.pod.metadata.uid)
  }

  forget(id: string): void {
    this.sandboxes.delete(id)
    this.containers.delete(id)
    this.resources.delete(id)
    this.#deps.disclaim(id)
  }

  /** Probes of a container that runs. `wasReady`: it was before we came, so it stays so until a probe says otherwise. */
  watchHealth(record: ContainerRecord, wasReady = false): void {
    const container = this.container(record.name)
    if (!container || this.#probers.has(record.id)) return
    const prober = new Prober({
      runtime: this.#deps.runtime,
      clock: this.#deps.clock,
      container,
      containerId: record.id,
      startedAtMs: record.startedAtMs ?? record.createdAtMs,
      podIp: this.podIps[0] ?? "127.0.0.1",
      wasReady,
      onChange: () => {
        // Readiness travels at once: the worker may be busy with another container of the pod.
        this.#firstLook?.cancel()
        this.#firstLook = undefined
        this.publish()
        if (prober.health().failed || container.startupProbe) this.#poke()
      },
      onUnhealthy: (kind, message) => {
        const named = `${kind[0]?.toUpperCase()}${kind.slice(1)}`
        this.tell("Warning", "Unhealthy", `${named} probe failed: ${message}`, container)
      },
    })
    this.#probers.set(record.id, prober)
    if (prober.health().ready || prober.health().failed) return
    this.#firstLook ??= this.#deps.clock.timer(firstLookMs, () => {
      this.#firstLook = undefined
      this.publish()
    })
  }

  dropHealth(id?: string): void {
    for (const [known, prober] of this.#probers) {
      if (id !== undefined && known !== id) continue
      prober.stop()
      this.#probers.delete(known)
    }
    this.#firstLook?.cancel()
    this.#firstLook = undefined
  }

  /** A container has ended. What it said about its end is read before anybody can remove it. */
  async ended(id: string, end: { exitCode: number; atMs: number; reason?: string; message?: string }): Promise<void> {
    const record = this.containers.get(id)
    if (!record || record.state === "exited") return
    this.dropHealth(id)
    const exited: ContainerRecord = {
      ...record,
      state: "exited",
      exitCode: end.exitCode,
      finishedAtMs: end.atMs,
      ...(end.reason && { reason: end.reason }),
    }
    // The record changes once, with all that there is to say: a status that is told in between would lack the message.
    const message = end.message ?? (await this.#lastWords(exited))
    if (!this.containers.has(id)) return
    this.containers.set(id, { ...exited, ...(message && { message }) })
    for (const listener of this.#endListeners.get(id) ?? []) listener()
    this.#endListeners.delete(id)
  }

  async #lastWords(record: ContainerRecord): Promise<string | undefined> {
    const container = this.container(record.name)
    return container && terminationMessage(container, record, this.terminationFile(record.name, record.attempt))
  }

  /** Calls the listener when the container has ended, at once if it has. Returns its undoing. */
  onEnd(id: string, listener: () => void): () => void {
    if (this.containers.get(id)?.state !== "running") {
      listener()
      return () => {}
    }
    const listeners = this.#endListeners.get(id) ?? new Set()
    listeners.add(listener)
    this.#endListeners.set(id, listeners)
    return () => listeners.delete(listener)
  }

  publish(ended = false): void {
    if (this.#firstLook && !ended) return
    const { pod, observed, waiting, verdict, resources, resize } = this
    const { runtime, hostIp, clock } = this.#deps
    const view = {
      pod: { ...pod, status: this.#known() },
      observed,
      health: this.#health(),
      waiting,
      resources,
      ...(resize && { resize }),
      scheme: runtime.scheme,
      hostIp,
      acceptedAtMs: this.#acceptedAtMs,
      ended,
      ...(verdict && { verdict }),
    }
    const status = podStatus(view, clock.now())
    const { phase = "Pending" } = this.status.wanted
    if (phase === "Pending" && status.phase === "Running") {
      this.#deps.startSeconds.observe((clock.monotonic() - this.#seenMs) / 1_000)
    }
    this.status.write(status)
    if (this.trace === undefined) return
    if (findCondition(status.conditions, "Ready")?.status === "True") this.trace.ready()
    else if (ended) this.trace.over()
  }

  tell(type: "Normal" | "Warning", reason: string, message: string, container?: PodContainer): void {
    const fieldPath = container && `spec.${this.#listOf(container)}{${container.name}}`
    this.#deps.events.record(this.pod, { type, reason, message, ...(fieldPath && { fieldPath }) })
  }

  #listOf({ name }: PodContainer): string {
    const { initContainers = [], containers } = this.pod.spec
    if (containers.some((container) => container.name === name)) return "containers"
    return initContainers.some((container) => container.name === name) ? "initContainers" : "ephemeralContainers"
  }

  /** The status as it will be when all is written, with others' conditions as the API has them. */
  #known(): PodStatus {
    const { wanted } = this.status
    const others = (this.pod.status?.conditions ?? []).filter(({ type }) => !ownConditions.has(type))
    const own = (wanted.conditions ?? []).filter(({ type }) => ownConditions.has(type))
    return { ...this.pod.status, ...wanted, conditions: [...own, ...others] }
  }

  #health(): Map<string, Health> {
    return new Map([...this.#probers].map(([id, prober]) => [id, prober.health()]))
  }
}
