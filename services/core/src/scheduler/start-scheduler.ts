import { Node } from "@wick/sdk/api/core/node"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { findCondition, withCondition } from "@wick/sdk/api/meta/condition"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import { CSINode } from "@wick/sdk/api/storage/csi-node"
import { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { must } from "@wick/sdk/assert"
import { type Client, resourcePath } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import {
  type Change,
  createEventRecorder,
  type EventRecorder,
  type Informers,
  keyOf,
  NotLeadingError,
  WorkQueue,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { HistogramCell, Metrics } from "@wick/sdk/metrics"
import { causeOf, type TraceContext, type Tracing, traceparentOf } from "@wick/sdk/tracing"
import { awaitsOwnClaim, type Storage, volumeFilter } from "./claimed-volumes.ts"
import { type PodNeeds, podNeeds } from "./pod-needs.ts"
import { type Decision, schedule } from "./schedule.ts"
import { Snapshot } from "./snapshot.ts"
import { type VolumeRoom, volumeLimits } from "./volume-limits.ts"

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
  /** Decisions on pods are traced with it; none are unless given. */
  readonly tracing?: Pick<Tracing, "tracer"> | undefined
  /** Nothing is bound before it resolves; what there is to know is looked up meanwhile. */
  readonly after?: Promise<void> | undefined
}

/** Pods that name another scheduler are not ours. */
const schedulerName = "default-scheduler"
/** Bindings on their way to the API server at once: a burst must not starve everyone else of it. */
const bindingsMax = 64

/**
 * Binds pods to nodes. A turn schedules all waiting pods against one snapshot, which assumes each binding at once, so
 * that a burst neither oversubscribes a node nor waits for the watch; the bindings are then written side by side.
 */
export function startScheduler(options: SchedulerOptions): AsyncDisposable {
  return new Scheduler(options)
}

class Scheduler implements AsyncDisposable {
  readonly #options: SchedulerOptions
  readonly #log: Log
  readonly #events: EventRecorder
  readonly #snapshot = new Snapshot()
  readonly #waiting = new Map<string, Pod>()
  /** Keys of `#waiting` that the present snapshot has no room for. */
  readonly #unschedulable = new Set<string>()
  readonly #queue = new WorkQueue()
  readonly #bindings = new Set<Promise<void>>()
  readonly #undo: (() => void)[] = []
  /** Seconds that one decision took, by its kind. */
  readonly #seconds: Record<Decision["kind"], HistogramCell> | undefined
  #started = false
  #stopped = false
  #poked = false
  #timer: { dueMs: number; cancel(): void } | undefined

  constructor(options: SchedulerOptions) {
    const { client, clock, informers, log } = options
    this.#options = options
    this.#log = log.with({ component: schedulerName })
    this.#events = createEventRecorder({ client, clock, log, component: schedulerName })
    this.#seconds = options.metrics && this.#measure(options.metrics)
    const nodes = informers(Node)
    const pods = informers(Pod)
    this.#undo.push(nodes.onChange((change) => this.#nodeChanged(change)))
    this.#undo.push(pods.onChange((change) => this.#podChanged(change)))
    const storage = this.#followStorage(informers)
    void Promise.all([nodes.synced, pods.synced, ...storage, options.after]).then(() => {
      this.#started = true
      this.#turn()
    })
  }

  /** Resolves each when it is known what there is. A claim that comes, or is bound, may be what a pod waits for. */
  #followStorage(informers: Informers): Promise<void>[] {
    const claims = [informers(PersistentVolumeClaim), informers(PersistentVolume), informers(StorageClass)] as const
    const followed = [...claims, informers(CSINode)] as const
    for (const informer of followed) this.#undo.push(informer.onChange(() => this.#reconsider()))
    return followed.map(({ synced }) => synced)
  }

  get #storage(): Storage & VolumeRoom {
    const { informers } = this.#options
    return {
      claim: (namespace, name) => informers(PersistentVolumeClaim).get(name, namespace),
      volume: (name) => informers(PersistentVolume).get(name),
      volumes: () => informers(PersistentVolume).list(),
      storageClass: (name) => informers(StorageClass).get(name),
      nodeOfClaim: (namespace, name) => this.#snapshot.nodeOfClaim(`${namespace}/${name}`),
      drivers: (node) => informers(CSINode).get(node),
      claimsOn: (node) => this.#snapshot.claimsOn(node),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    for (const undo of this.#undo) undo()
    this.#timer?.cancel()
    await Promise.all(this.#bindings)
    await this.#events[Symbol.asyncDispose]()
  }

  /** Under the names of Kubernetes' scheduler. */
  #measure(metrics: Metrics): Record<Decision["kind"], HistogramCell> {
    const waiting = { active: () => this.#queue.readyCount, unschedulable: () => this.#unschedulable.size }
    for (const [queue, read] of Object.entries(waiting)) {
      metrics.observe("scheduler_pending_pods", "Pods without a node.", { queue }, read)
    }
    const help = "Seconds that it took to decide on one pod."
    const seconds = metrics.histogram("scheduler_scheduling_attempt_duration_seconds", help)
    return { bound: seconds.with({ result: "scheduled" }), unschedulable: seconds.with({ result: "unschedulable" }) }
  }

  #nodeChanged({ before, after }: Change<Node>): void {
    if (after) {
      if (this.#snapshot.setNode(after)) this.#reconsider()
    } else if (before) {
      this.#snapshot.removeNode(before.metadata.name)
    }
  }

  #podChanged({ before, after }: Change<Pod>): void {
    const key = keyOf((after ?? before) as Pod)
    const replaced = before && before.metadata.uid !== after?.metadata.uid
    const ended = after === undefined || after.status?.phase === "Succeeded" || after.status?.phase === "Failed"
    if (before && (replaced || ended) && this.#snapshot.lift(before.metadata.uid)) this.#reconsider()
    if (after?.spec.nodeName && !ended) this.#placed(after, after.spec.nodeName)
    if (after === undefined || ended || !this.#isOurs(after)) {
      this.#waiting.delete(key)
      this.#unschedulable.delete(key)
      this.#queue.forget(key)
      return
    }
    this.#waiting.set(key, after)
    // Our own condition comes back by the watch: only what the pod asks for can make a difference.
    const asksAnew = !before || replaced || before.metadata.generation !== after.metadata.generation
    if (asksAnew || !this.#unschedulable.has(key)) this.#offer(key)
  }

  #placed(pod: Pod, node: string): void {
    const { uid } = pod.metadata
    if (this.#snapshot.nodeOf(uid) !== node) this.#snapshot.place(uid, node, podNeeds(pod))
  }

  #isOurs(pod: Pod): boolean {
    const { nodeName, schedulerName: wanted, schedulingGates = [] } = pod.spec
    if (nodeName || wanted !== schedulerName || schedulingGates.length > 0) return false
    return pod.metadata.deletionTimestamp === undefined && this.#snapshot.nodeOf(pod.metadata.uid) === undefined
  }

  /** Something has become free or new: whoever had no room may have it now. */
  #reconsider(): void {
    for (const key of this.#unschedulable) this.#offer(key)
  }

  #offer(key: string): void {
    this.#unschedulable.delete(key)
    this.#queue.add(key)
    this.#poke()
  }

  #poke(): void {
    if (this.#poked || !this.#started) return
    this.#poked = true
    queueMicrotask(() => {
      this.#poked = false
      this.#turn()
    })
  }

  #turn(): void {
    const { clock } = this.#options
    while (!this.#stopped && this.#bindings.size < bindingsMax) {
      const key = this.#queue.take(clock.now())
      if (key === undefined) break
      const pod = this.#waiting.get(key)
      if (pod && this.#isOurs(pod)) this.#decide(key, pod)
      this.#queue.done(key)
    }
    this.#armTimer()
  }

  #decide(key: string, pod: Pod): void {
    const { clock, random, tracing } = this.#options
    const startedMs = clock.monotonic()
    const span = tracing?.tracer?.within("Scheduling", causeOf(pod), {
      attributes: { "k8s.pod.name": pod.metadata.name },
    })
    const needs = podNeeds(pod)
    const storage = this.#storage
    if (awaitsOwnClaim(pod, storage)) {
      this.#unschedulable.add(key)
      return
    }
    const own = [volumeFilter(pod, storage), volumeLimits(pod, storage)].filter((each) => each !== undefined)
    const decision = schedule(needs, this.#snapshot, random, own)
    this.#seconds?.[decision.kind].observe((clock.monotonic() - startedMs) / 1000)
    const work =
      decision.kind === "bound"
        ? this.#bind(key, needs, decision.node, span?.context ?? causeOf(pod))
        : this.#refuse(key, pod, decision.message)
    if (decision.kind === "bound") span?.set({ "k8s.node.name": decision.node })
    else span?.fail(decision.message)
    const tracked = work.finally(() => {
      span?.end()
      this.#bindings.delete(tracked)
      this.#poke()
    })
    this.#bindings.add(tracked)
  }

  async #bind(key: string, needs: PodNeeds, node: string, cause: TraceContext | undefined): Promise<void> {
    const { pod } = needs
    const { name, namespace, uid } = pod.metadata
    this.#snapshot.place(uid, node, needs)
    this.#waiting.delete(key)
    try {
      await this.#options.client.request(
        resourcePath(Pod, { name, namespace: must(namespace, "a pod has a namespace"), subresource: "binding" }),
        {
          method: "POST",
          headers: { "content-type": "application/json", ...(cause && { traceparent: traceparentOf(cause) }) },
          body: JSON.stringify({
            apiVersion: "v1",
            kind: "Binding",
            metadata: { name, namespace, uid },
            target: { apiVersion: "v1", kind: "Node", name: node },
          }),
        },
      )
      this.#queue.forget(key)
      const message = `Successfully assigned ${key} to ${node}`
      this.#events.record(pod, { type: "Normal", reason: "Scheduled", message })
    } catch (error) {
      this.#bindingFailed(key, pod, error)
    }
  }

  /** The assumption was wrong. The pod is tried again, unless it has been bound or has gone meanwhile. */
  #bindingFailed(key: string, pod: Pod, error: unknown): void {
    const current = this.#options.informers(Pod).get(pod.metadata.name, pod.metadata.namespace)
    if (current?.spec.nodeName) return
    if (this.#snapshot.lift(pod.metadata.uid)) this.#reconsider()
    if (this.#stopped || isStatus(error, "NotFound") || current?.metadata.uid !== pod.metadata.uid) return
    this.#waiting.set(key, current)
    const waitMs = this.#queue.retry(key, this.#options.clock.now())
    if (error instanceof NotLeadingError) return
    this.#log.warn("a pod could not be bound; trying again", { pod: key, waitMs, error })
  }

  /** There is no room: says so, and waits for a node or for a pod to go. */
  async #refuse(key: string, pod: Pod, message: string): Promise<void> {
    this.#unschedulable.add(key)
    this.#events.record(pod, { type: "Warning", reason: "FailedScheduling", message })
    const known = findCondition(pod.status?.conditions, "PodScheduled")
    if (known?.status === "False" && known.message === message) return
    const { name, namespace, uid } = pod.metadata
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message } as const
    const all = withCondition(pod.status?.conditions, condition, formatTime(this.#options.clock.now()))
    const conditions = all.filter(({ type }) => type === condition.type)
    try {
      await this.#options.client.patch(
        Pod,
        { name, namespace: must(namespace, "a pod has a namespace") },
        { type: "strategic", body: { metadata: { uid }, status: { conditions } } },
        { subresource: "status" },
      )
    } catch (error) {
      if (error instanceof NotLeadingError || isStatus(error, "NotFound", "Conflict")) return
      this.#log.warn("cannot say why a pod waits", { pod: key, error })
    }
  }

  #armTimer(): void {
    const dueMs = this.#stopped ? undefined : this.#queue.nextDueMs()
    if (dueMs === this.#timer?.dueMs) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (dueMs === undefined) return
    const { clock } = this.#options
    const timer = clock.timer(Math.max(0, dueMs - clock.now()), () => {
      this.#timer = undefined
      this.#turn()
    })
    this.#timer = { dueMs, cancel: () => timer.cancel() }
  }
}
