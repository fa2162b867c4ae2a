import { Lease } from "@wick/sdk/api/coordination/lease"
import { Node } from "@wick/sdk/api/core/node"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatMicroTime } from "@wick/sdk/api/meta/time"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type NodeView, nodeLabels, nodeStatus } from "./node-object.ts"

export interface RegistrationOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly podCidr: string | undefined
  readonly annotations: Readonly<Record<string, string>>
}

const leaseNamespace = "kube-node-lease"
const leaseSeconds = 40
const renewMs = 10_000
const retryMs = 200
const retryMsMax = 5_000

/** Makes the node known and keeps its lease, by which others see that it lives. */
export class NodeRegistration {
  readonly #options: RegistrationOptions
  readonly #stop = new AbortController()
  #heartbeat: Promise<void> = Promise.resolve()
  /** What the node is, and what the API was told of it last. */
  #wanted: NodeView | undefined
  #told: NodeView | undefined
  #telling: Promise<void> | undefined

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** Resolves when the API knows the node as it is now; tries until it does. */
  async register(view: NodeView): Promise<void> {
    this.#wanted = view
    await this.#insist("cannot register the node", () => this.#write(view))
    this.#told = view
    await this.#insist("cannot write the node's lease", () => this.#renew(view.name))
    this.#heartbeat = this.#beat(view.name)
  }

  /** The node changed: tells it. While one change is being told later ones replace each other. */
  update(view: NodeView): void {
    this.#wanted = view
    if (this.#telling || this.#stop.signal.aborted || this.#told?.unready === view.unready) return
    this.#telling = this.#tell().finally(() => {
      this.#telling = undefined
      // What changed in the moment between the last look and this one.
      if (this.#wanted) this.update(this.#wanted)
    })
  }

  async #tell(): Promise<void> {
    while (this.#wanted && this.#told?.unready !== this.#wanted.unready && !this.#stop.signal.aborted) {
      const view = this.#wanted
      await this.#insist("cannot write the node's status", () => this.#write(view))
      this.#told = view
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all([this.#heartbeat, this.#telling])
  }

  async #write(view: NodeView): Promise<void> {
    const { client, clock, podCidr, annotations } = this.#options
    const labels = nodeLabels(view)
    let node = await client.get(Node, { name: view.name }).catch((error) => {
      if (isStatus(error, "NotFound")) return undefined
      throw error
    })
    if (!node) {
      node = await client.create(Node, {
        metadata: { name: view.name, labels, annotations: { ...annotations } },
        spec: podCidr === undefined ? {} : { podCIDR: podCidr, podCIDRs: [podCidr] },
      })
    } else if (Object.entries(labels).some(([key, value]) => node?.metadata.labels?.[key] !== value)) {
      const body = { metadata: { labels, annotations } }
      node = await client.patch(Node, { name: view.name }, { type: "merge", body })
    }
    const status = nodeStatus(view, node.status, clock.now())
    await client.patch(Node, { name: view.name }, { type: "merge", body: { status } }, { subresource: "status" })
  }

  async #beat(name: string): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      await clock.sleep(renewMs, signal).catch(() => {})
      if (signal.aborted) return
      await this.#renew(name).catch((error) => log.warn("cannot renew the node's lease", { node: name, error }))
      await this.#repeat(name).catch((error) => log.warn("cannot repeat the node's status", { node: name, error }))
    }
  }

  /** A node that was not heard of for a while is given up by others, who write so into its status: it says what it is again. */
  async #repeat(name: string): Promise<void> {
    if (this.#telling || this.#told === undefined) return
    const { status } = await this.#options.client.get(Node, { name })
    const ready = findCondition(status?.conditions, "Ready")
    if (ready?.status === "Unknown") await this.#write(this.#told)
  }

  async #renew(name: string): Promise<void> {
    const { client, clock } = this.#options
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: leaseSeconds,
      renewTime: formatMicroTime(clock.now()),
    }
    try {
      await client.patch(Lease, { name, namespace: leaseNamespace }, { type: "merge", body: { spec } })
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
      await client.create(Lease, { metadata: { name, namespace: leaseNamespace }, spec })
    }
  }

  async #insist(trouble: string, attempt: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stop
    for (let waitMs = retryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        return await attempt()
      } catch (error) {
        log.warn(`${trouble}; trying again`, { error })
        await clock.sleep(waitMs, signal).catch(() => {})
      }
    }
  }
}
