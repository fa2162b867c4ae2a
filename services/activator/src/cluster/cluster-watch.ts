import { revisionLabel } from "@wick/sdk/api/serving/revision-key"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createInformers, type Informer, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Backend } from "../backend/backend.ts"
import type { GatewayRouting } from "../gateway/gateway.ts"
import type { Fleet } from "./fleet.ts"
import { RouteTable } from "./route-table.ts"
import { WatchedPod, WatchedRevision, WatchedRoute } from "./watched-kinds.ts"

/** A request for an unknown host waits this long for the API server to say whether the host is new. */
const catchUpMsMax = 2000

/** Requests for unknown hosts that may wait for that at once: beyond, a stranger asks for what is not there. */
const catchUpsMax = 1000

/** Follows Routes, Revisions and their pods, and keeps serving what it knew last when the API server is away. */
export class ClusterWatch implements GatewayRouting, AsyncDisposable {
  readonly #informers
  readonly #routes: RouteTable<Backend>
  readonly #routeInformer: Informer<typeof WatchedRoute>
  readonly #podInformer: Informer<typeof WatchedPod>
  readonly #clock: Clock
  /** Resolves when everything has been listed once. */
  readonly synced: Promise<void>
  #catchUps = 0

  constructor(world: { client: Client; clock: Clock; log: Log; fleet: Fleet }) {
    const { client, clock, log, fleet } = world
    this.#clock = clock
    this.#informers = createInformers(client, clock, log)
    this.#routes = new RouteTable((namespace, name) => fleet.backend(namespace, name))
    const revisions = this.#informers(WatchedRevision)
    this.#podInformer = this.#informers(WatchedPod, { labelSelector: revisionLabel })
    this.#routeInformer = this.#informers(WatchedRoute)
    this.#routeInformer.onChange(({ before, after }) => {
      if (after) this.#routes.put(after)
      else if (before) this.#routes.remove(before)
    })
    revisions.onChange((change) => {
      const { name, namespace = "default" } = subject(change).metadata
      if (change.after) fleet.putRevision(namespace, name, change.after)
      else fleet.removeRevision(namespace, name, (backend) => this.#routes.leadsTo(backend))
    })
    this.#podInformer.onChange((change) => {
      const revision = subject(change).metadata.labels?.[revisionLabel]
      if (revision === undefined) return
      if (change.after) fleet.putPod(revision, change.after)
      else fleet.removePod(revision, subject(change))
    })
    const all = [this.#routeInformer.synced, revisions.synced, this.#podInformer.synced]
    this.synced = Promise.all(all).then(() => {})
  }

  choose(host: string): Backend | undefined {
    return this.#routes.choose(host)
  }

  /** Of the routes. Gives up rather than keeping clients: an API server that is away cannot say that a host is new. */
  async caughtUp(): Promise<void> {
    if (this.#catchUps >= catchUpsMax) return
    this.#catchUps++
    try {
      await this.#bounded((signal) => this.#routeInformer.caughtUp(signal))
    } finally {
      this.#catchUps--
    }
  }

  /** Of the pods: before a drain is judged, their deletionTimestamps must have arrived. */
  podsCaughtUp(): Promise<void> {
    return this.#bounded((signal) => this.#podInformer.caughtUp(signal))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#informers[Symbol.asyncDispose]())
  }

  async #bounded(wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const limit = new AbortController()
    const timer = this.#clock.timer(catchUpMsMax, () => limit.abort(new Error("the API server does not answer")))
    try {
      await wait(limit.signal)
    } finally {
      timer.cancel()
    }
  }
}
