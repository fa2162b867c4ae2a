import { Lease } from "@wick/sdk/api/coordination/lease"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import {
  type Change,
  createController,
  createEventRecorder,
  done,
  type EventRecorder,
  type Informer,
  type Result,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { decideNode, evictAtMs, graceMs, type Health, type NodePlan, unreachableConditions } from "./decide.ts"

const component = "node-controller"
const leaseNamespace = "kube-node-lease"

/** Marks nodes that are not heard of, moves pods away from them, and removes pods of nodes that are gone. */
export function startNodeLifecycle(context: ControllerContext): AsyncDisposable {
  const { client, clock, log, metrics } = context
  const running = new AsyncDisposableStack()
  const events = running.use(createEventRecorder({ client, clock, log, component }))
  const lifecycle = new NodeLifecycle(context, events)
  running.use(
    createController({
      name: component,
      clock,
      log,
      metrics,
      concurrency: 8,
      watches: lifecycle.watches(),
      reconcile: (name) => lifecycle.reconcile(name),
    }),
  )
  return running
}

class NodeLifecycle {
  readonly #context: ControllerContext
  readonly #events: EventRecorder
  readonly #nodes: Informer<typeof Node>
  readonly #leases: Informer<typeof Lease>
  readonly #pods: Informer<typeof Pod>
  /**
   * Node → when it was last heard of, by our clock: the node's own may be wrong. It is the one that nobody sets: a machine that
   * was suspended, or whose time is mended, has lost no node.
   */
  readonly #heard = new Map<string, number>()
  /** Node → since when pods name it although it is not there. */
  readonly #missing = new Map<string, number>()

  constructor(context: ControllerContext, events: EventRecorder) {
    const { informers } = context
    this.#context = context
    this.#events = events
    this.#nodes = informers(Node)
    this.#leases = informers(Lease, { namespace: leaseNamespace })
    this.#pods = informers(Pod, { indexes: { byNode: (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []) } })
  }

  watches() {
    return [
      watchOf(this.#nodes, (change) => this.#nodeChanged(change)),
      watchOf(this.#leases, (change) => this.#leaseChanged(change)),
      // A pod matters here only when it comes onto a node: one that is gone, or one that others must leave.
      watchOf(this.#pods, ({ before, after }) => {
        const node = after?.spec.nodeName
        return node && before?.spec.nodeName !== node ? [node] : []
      }),
    ]
  }

  async reconcile(name: string): Promise<Result> {
    const { clock } = this.#context
    const node = this.#nodes.get(name)
    if (!node) return await this.#clearMissing(name)
    this.#missing.delete(name)
    const heardMs = this.#heard.get(name) ?? clock.monotonic()
    this.#heard.set(name, heardMs)
    const plan = decideNode(node, clock.monotonic() - heardMs, clock.now())
    await this.#write(node, plan)
    const evictMs = await this.#evict(node, plan.health)
    const waits = [plan.wakeAfterMs, evictMs].filter((ms) => ms !== undefined)
    return waits.length === 0 ? done : wakeAfter(Math.max(1, Math.min(...waits)))
  }

  #nodeChanged(change: Change<Node>): string[] {
    const { before, after } = change
    const { name } = subject(change).metadata
    // Of a node that was removed and made anew while nobody looked, its successor is all that is told.
    const isNew = before?.metadata.uid !== after?.metadata.uid
    if (isNew || (before && after && hasSpoken(before, after))) this.#hear(name)
    if (!after) this.#heard.delete(name)
    return [name]
  }

  /** A renewal is only noted: the timer that runs looks at the note, so a healthy node costs no reconcile. */
  #leaseChanged({ before, after }: Change<Lease>): string[] {
    if (!after || after.spec?.renewTime === before?.spec?.renewTime) return []
    const { name } = after.metadata
    const silentMs = this.#context.clock.monotonic() - (this.#heard.get(name) ?? Number.NEGATIVE_INFINITY)
    this.#hear(name)
    return silentMs >= graceMs ? [name] : []
  }

  #hear(name: string): void {
    this.#heard.set(name, this.#context.clock.monotonic())
  }

  async #write(node: Node, { conditions, taints, news }: NodePlan): Promise<void> {
    const { client } = this.#context
    const { name, uid, resourceVersion } = node.metadata
    if (taints) {
      const body = { metadata: { uid, resourceVersion }, spec: { taints } }
      await client.patch(Node, { name }, { type: "merge", body })
    }
    if (news) {
      this.#events.record(node, { type: "Normal", reason: news, message: `Node ${name} status is now: ${news}` })
    }
    if (conditions) {
      const body = { metadata: { uid }, status: { conditions } }
      await client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" })
    }
  }

  /** Returns the time until the next pod must leave. */
  async #evict(node: Node, health: Health): Promise<number | undefined> {
    const nowMs = this.#context.clock.now()
    let next: number | undefined
    for (const pod of this.#pods.byIndex("byNode", node.metadata.name)) {
      if (health === "lost") await this.#markUnreachable(pod, nowMs)
      const atMs = evictAtMs(pod, node)
      if (atMs === undefined || pod.metadata.deletionTimestamp !== undefined) continue
      if (atMs > nowMs) next = Math.min(next ?? Number.POSITIVE_INFINITY, atMs - nowMs)
      else await this.#remove(pod, undefined, "Marking for deletion Pod")
    }
    return next
  }

  async #markUnreachable(pod: Pod, nowMs: number): Promise<void> {
    const conditions = unreachableConditions(pod, nowMs)
    if (!conditions) return
    const body = { metadata: { uid: pod.metadata.uid }, status: { conditions } }
    await ignoringAbsence(
      this.#context.client.patch(Pod, referenceOf(pod), { type: "strategic", body }, { subresource: "status" }),
    )
  }

  /** Pods of a node that does not exist have nobody to end them. A node may be on its way, so they get a while. */
  async #clearMissing(name: string): Promise<Result> {
    const { clock } = this.#context
    const pods = this.#pods.byIndex("byNode", name)
    if (pods.length === 0) {
      this.#missing.delete(name)
      return done
    }
    const sinceMs = this.#missing.get(name) ?? clock.monotonic()
    this.#missing.set(name, sinceMs)
    const leftMs = sinceMs + graceMs - clock.monotonic()
    if (leftMs > 0) return wakeAfter(leftMs)
    this.#missing.delete(name)
    for (const pod of pods) await this.#remove(pod, 0, "Deleting orphaned Pod")
    return done
  }

  async #remove(pod: Pod, gracePeriodSeconds: number | undefined, what: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const reason = "TaintManagerEviction"
    this.#events.record(pod, { type: "Normal", reason, message: `${what} ${namespace}/${name}` })
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }
    await ignoringAbsence(this.#context.client.delete(Pod, referenceOf(pod), { ...grace, preconditions: { uid } }))
  }
}

/** A change of conditions that is not our own is a sign of life too: ours only says that nothing is known. */
function hasSpoken(before: Node, after: Node): boolean {
  const conditions = after.status?.conditions ?? []
  const known = conditions.some(({ status }) => status !== "Unknown")
  return known && JSON.stringify(conditions) !== JSON.stringify(before.status?.conditions)
}

async function ignoringAbsence(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!isStatus(error, "NotFound", "Conflict")) throw error
  }
}

function referenceOf({ metadata }: Pod): { name: string; namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? "" }
}
