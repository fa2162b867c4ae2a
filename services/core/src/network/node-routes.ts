import { Node } from "@wick/sdk/api/core/node"
import { type Change, type Informers, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { hostCommand } from "./host-command.ts"

export interface NodeRoutesOptions {
  readonly informers: Informers
  /** Of the node that this host is. */
  readonly ownName: string
  readonly log: Log
  readonly run?: (args: readonly string[]) => Promise<unknown>
}

/**
 * One route for each other host: its pods' range by way of its address. Hosts share a network on which they reach each
 * other, so that packets need no wrapping. Routes stay when following ends: pods talk on while nobody watches.
 */
export class NodeRoutes implements AsyncDisposable {
  readonly #options: NodeRoutesOptions
  readonly #run: (args: readonly string[]) => Promise<unknown>
  /** Node → its range and address, as they are routed. */
  readonly #routed = new Map<string, { readonly range: string; readonly via: string }>()
  readonly #undo: () => void
  #work: Promise<void> = Promise.resolve()

  constructor(options: NodeRoutesOptions) {
    this.#options = options
    this.#run = options.run ?? ((args) => hostCommand("ip", [...args]))
    this.#undo = options.informers(Node).onChange((change) => this.#changed(change))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#undo()
    await this.#work
  }

  /** Takes all routes off the host. */
  async remove(): Promise<void> {
    await this.#work
    for (const name of [...this.#routed.keys()]) await this.#forget(name)
  }

  #changed(change: Change<Node>): void {
    const { name } = subject(change).metadata
    if (name === this.#options.ownName) return
    const wanted = change.after && routeOf(change.after)
    this.#work = this.#work.then(async () => {
      const present = this.#routed.get(name)
      if (wanted?.range === present?.range && wanted?.via === present?.via) return
      if (present && present.range !== wanted?.range) await this.#forget(name)
      if (!wanted) return
      this.#routed.set(name, wanted)
      await this.#try(["route", "replace", wanted.range, "via", wanted.via], name)
    })
  }

  async #forget(name: string): Promise<void> {
    const present = this.#routed.get(name)
    this.#routed.delete(name)
    if (present) await this.#try(["route", "del", present.range, "via", present.via], name)
  }

  async #try(args: readonly string[], node: string): Promise<void> {
    await this.#run(args).catch((error: unknown) => {
      this.#options.log.warn("a route to a node's pods could not be changed", { node, route: args.join(" "), error })
    })
  }
}

function routeOf({ spec, status }: Node): { range: string; via: string } | undefined {
  const via = status?.addresses?.find(({ type }) => type === "InternalIP")?.address
  return spec?.podCIDR && via ? { range: spec.podCIDR, via } : undefined
}
