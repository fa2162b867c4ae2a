import type { SecureContext } from "node:tls"
import { revisionLabel, revisionUidLabel } from "@wick/sdk/api/serving/revision-key"
import type { Clock } from "@wick/sdk/clock"
import { type Informer, type Informers, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Backend } from "../backend/backend.ts"
import { unknownSpec } from "../backend/revision-spec.ts"
import type { GatewayRouting } from "../gateway/gateway.ts"
import { CertificateWatch } from "../tls/certificate-watch.ts"
import type { Fleet } from "./fleet.ts"
import type { Asked, Passage } from "./host-rule.ts"
import { IngressTable } from "./ingress-table.ts"
import { revisionAddress } from "./revision-address.ts"
import type { ServiceBackends } from "./service-backends.ts"
import { takenIn, trimmedIngress, trimmedPod, trimmedRevision } from "./trimmed-views.ts"
import { WatchedIngress, WatchedPod, WatchedRevision } from "./watched-kinds.ts"

/** A request for an unknown host waits this long for the API server to say whether the host is new. */
const catchUpMsMax = 2000

/** Requests for unknown hosts that may wait for that at once: beyond, a stranger asks for what is not there. */
const catchUpsMax = 1000

/** An Ingress in one of its generations, as a controller asks for it. */
export interface IngressGeneration {
  readonly namespace: string
  readonly name: string
  readonly generation: number
  /** Any, unless given. */
  readonly uid?: string | undefined
}

export interface ClusterWatchParts {
  readonly informers: Informers
  readonly clock: Clock
  readonly fleet: Fleet
  readonly services: ServiceBackends
  readonly log: Log
}

/** Follows Ingresses, Revisions and their pods, and keeps serving what it knew last when the API server is away. */
export class ClusterWatch implements GatewayRouting {
  readonly #ingresses: IngressTable<Backend>
  readonly #fleet: Fleet
  readonly #services: ServiceBackends
  readonly #certificates: CertificateWatch
  readonly #ingressInformer: Informer<typeof WatchedIngress>
  readonly #podInformer: Informer<typeof WatchedPod>
  readonly #revisionInformer: Informer<typeof WatchedRevision>
  readonly #clock: Clock
  /** Resolves when everything has been listed once. */
  readonly synced: Promise<void>
  #catchUps = 0
  /** Looked through at every change that one of them could wait for. */
  readonly #waiters = new Set<() => void>()

  constructor({ informers, clock, fleet, services, log }: ClusterWatchParts) {
    this.#clock = clock
    this.#fleet = fleet
    this.#services = services
    services.onChange(() => this.#changed())
    this.#ingresses = new IngressTable({
      revision: (namespace, name) => fleet.backend(namespace, name),
      service: (namespace, name, port) =>
        fleet.known(namespace, name) ?? this.#services.find({ namespace, name, port }),
    })
    this.#certificates = new CertificateWatch(informers, log, () => this.#changed())
    const revisions = informers(WatchedRevision, { trim: trimmedRevision })
    this.#revisionInformer = revisions
    this.#podInformer = informers(WatchedPod, { labelSelector: revisionLabel, trim: trimmedPod })
    this.#ingressInformer = informers(WatchedIngress, { trim: trimmedIngress })
    this.#ingressInformer.onChange(({ before, after }) => {
      if (after) {
        this.#ingresses.put(after)
        this.#certificates.put(after)
        takenIn(after)
      } else if (before) {
        this.#ingresses.remove(before)
        this.#certificates.remove(before)
      }
      fleet.sweep()
      this.#changed()
    })
    revisions.onChange((change) => {
      const { name, namespace = "default" } = subject(change).metadata
      if (change.after) fleet.putRevision(namespace, name, change.after)
      else fleet.removeRevision(namespace, name, (backend) => this.#ingresses.leadsTo(backend))
      this.#changed()
    })
    this.#podInformer.onChange((change) => {
      const revision = subject(change).metadata.labels?.[revisionLabel]
      if (revision === undefined) return
      if (change.after) fleet.putPod(revision, change.after)
      else fleet.removePod(revision, subject(change))
    })
    const all = [this.#ingressInformer.synced, revisions.synced, this.#podInformer.synced]
    this.synced = Promise.all(all).then(() => this.#certificates.synced())
  }

  choose(host: string, asked: Asked, isLocal: boolean): Passage<Backend> | undefined {
    const passage = this.#ingresses.choose(host, asked, isLocal)
    if (passage !== undefined || !isLocal) return passage
    const asksFor = revisionAddress(host, asked)
    const target = asksFor && this.#fleet.known(asksFor.namespace, asksFor.name)
    if (target !== undefined) target.calledDirectly = true
    return target && { answer: undefined, target, headers: undefined, host: undefined, tag: "", secureOnly: false }
  }

  /** From now on. */
  findHttp2(finds: boolean): void {
    if (this.#fleet.findsHttp2 === finds) return
    this.#fleet.findsHttp2 = finds
    for (const revision of this.#revisionInformer.list()) {
      this.#fleet.putRevision(revision.metadata.namespace ?? "default", revision.metadata.name, revision)
    }
  }

  certificateOf(host: string): SecureContext | undefined {
    return this.#certificates.contextOf(host)
  }

  /**
   * Resolves when requests are routed by this generation of the Ingress or a later one, everything is known of the revisions
   * that it leads to, and its certificates are at hand; or when the signal aborts.
   */
  routed({ namespace, name, generation, uid }: IngressGeneration, signal: AbortSignal): Promise<void> {
    const holds = (): boolean => {
      const targets = this.#ingresses.held(`${namespace}/${name}`, generation, uid)
      if (targets === undefined || !this.#certificates.isComplete(`${namespace}/${name}`)) return false
      return targets.every(({ spec }) => spec !== unknownSpec)
    }
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds() && !signal.aborted) return
        this.#waiters.delete(look)
        resolve()
      }
      this.#waiters.add(look)
      signal.addEventListener("abort", look, { once: true })
      look()
    })
  }

  /** Of the Ingresses, and of Services where these lead to some. Gives up rather than keeping clients: an API server that is away cannot say that a host is new. */
  async caughtUp(): Promise<void> {
    if (this.#catchUps >= catchUpsMax) return
    this.#catchUps++
    try {
      await this.#bounded((signal) =>
        Promise.all([this.#ingressInformer.caughtUp(signal), this.#services.synced(signal)]),
      )
    } finally {
      this.#catchUps--
    }
  }

  /** Whether the revision has this uid, or one of that name that has pods yet: these may outlive it. */
  isUidOf(uid: string, namespace: string, name: string): boolean {
    if (this.#revisionInformer.get(name, namespace)?.metadata.uid === uid) return true
    const labels = this.#fleet
      .podsOf(namespace, name)
      .map((pod) => this.#podInformer.get(pod, namespace)?.metadata.labels)
    return labels.some((each) => each?.[revisionUidLabel] === uid)
  }

  /** Resolves when nothing is in flight on terminating pods of the revision. */
  async drained(namespace: string, name: string, signal: AbortSignal): Promise<void> {
    // Before that is judged, their deletionTimestamps must have arrived.
    await this.#bounded((limit) => this.#podInformer.caughtUp(limit)).catch(() => {})
    await this.#fleet.drained(namespace, name, signal)
  }

  #changed(): void {
    for (const look of [...this.#waiters]) look()
  }

  async #bounded(wait: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const limit = new AbortController()
    const timer = this.#clock.timer(catchUpMsMax, () => limit.abort(new Error("the API server does not answer")))
    try {
      await wait(limit.signal)
    } finally {
      timer.cancel()
    }
  }
}
