import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { ActivatorMessage, Peer } from "@wick/sdk/wire"
import { autoscalerAddresses } from "./autoscaler-addresses.ts"
import { AutoscalerLink, type LinkEvents } from "./autoscaler-link.ts"

interface Link extends Disposable {
  send(message: ActivatorMessage): void
}

/** How one autoscaler of several is spoken to. */
export type OpenOne = (address: string, events: LinkEvents) => Link

/**
 * Streams to every autoscaler behind a Service: each of them is to know all load, whoever decides on a revision. They count
 * as one that is there while any is; each that comes is told what was before it, which the others pass over.
 */
export class AutoscalerLinks implements Disposable {
  readonly #open: OpenOne
  readonly #events: LinkEvents
  readonly #links = new Map<string, Link>()
  /** By address, the peers that one knows: present while its stream is open. */
  readonly #peers = new Map<string, readonly Peer[]>()

  constructor(open: OpenOne, events: LinkEvents) {
    this.#open = open
    this.#events = events
  }

  /** All that there are now. */
  follow(addresses: ReadonlySet<string>): void {
    for (const [address, link] of [...this.#links]) {
      if (addresses.has(address)) continue
      this.#links.delete(address)
      link[Symbol.dispose]()
      this.#lost(address)
    }
    for (const address of addresses) {
      if (!this.#links.has(address)) this.#links.set(address, this.#open(address, this.#eventsOf(address)))
    }
  }

  send(message: ActivatorMessage): void {
    for (const link of this.#links.values()) link.send(message)
  }

  [Symbol.dispose](): void {
    for (const link of this.#links.values()) link[Symbol.dispose]()
    this.#links.clear()
  }

  #eventsOf(address: string): LinkEvents {
    return {
      connected: () => {
        this.#peers.set(address, [])
        this.#events.connected()
      },
      disconnected: () => this.#lost(address),
      peers: (peers) => {
        this.#peers.set(address, peers)
        this.#tellPeers()
      },
      decided: (namespace, name, thoughtMs) => this.#events.decided(namespace, name, thoughtMs),
    }
  }

  #lost(address: string): void {
    if (!this.#peers.delete(address)) return
    if (this.#peers.size === 0) this.#events.disconnected()
    else this.#tellPeers()
  }

  /** One that has just begun may not know all of us yet: whom any knows is there. */
  #tellPeers(): void {
    const all = new Map([...this.#peers.values()].flat().map((peer) => [peer.id, peer]))
    this.#events.peers([...all.values()])
  }
}

/** Links to autoscalers over the network of a cluster. */
export function openOne(given: { readonly self: Peer; readonly clock: Clock; readonly log: Log }): OpenOne {
  return (address, events) =>
    new AutoscalerLink({ ...given, addresses: autoscalerAddresses(address, undefined), events })
}
