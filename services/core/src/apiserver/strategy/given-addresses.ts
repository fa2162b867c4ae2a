import type { Entry } from "../entry.ts"
import { parseObject } from "../object-bytes.ts"
import type { WatchCache } from "../watch-cache.ts"

interface ServiceSpec {
  readonly ports?: readonly { readonly nodePort?: number }[]
}

/** Types of Service that have ports at every node. */
const nodePortTypes = new Set(["NodePort", "LoadBalancer"])

/**
 * Cluster addresses and node ports that stored Services have. It follows their cache, so that a write of one Service costs
 * the same however many there are.
 */
export class GivenAddresses {
  readonly #cache: WatchCache
  readonly #addresses = new Counted<string>()
  readonly #nodePorts = new Counted<number>()
  #isFollowing = false

  constructor(cache: WatchCache) {
    this.#cache = cache
  }

  /** Resolves when what is told knows of every write that was answered. */
  async fresh(): Promise<void> {
    await this.#cache.fresh()
    if (!this.#isFollowing) this.#follow()
  }

  get addresses(): ReadonlyMap<string, number> {
    return this.#addresses.counts
  }

  get nodePorts(): ReadonlyMap<number, number> {
    return this.#nodePorts.counts
  }

  #follow(): void {
    this.#isFollowing = true
    for (const { counts } of [this.#addresses, this.#nodePorts]) counts.clear()
    for (const entry of this.#cache.list()) this.#count(entry, 1)
    this.#cache.subscribe(this.#cache.revision, {
      onEvent: ({ before, after }) => {
        if (before) this.#count(before, -1)
        if (after) this.#count(after, 1)
      },
      onLost: () => {
        this.#isFollowing = false
      },
    })
  }

  #count(entry: Entry, by: 1 | -1): void {
    const { "spec.clusterIP": address, "spec.type": type } = entry.fields
    if (address) this.#addresses.add(address, by)
    if (type === undefined || !nodePortTypes.has(type)) return
    const { ports = [] } = (parseObject(entry.bytes) as unknown as { spec: ServiceSpec }).spec
    for (const { nodePort } of ports) if (nodePort) this.#nodePorts.add(nodePort, by)
  }
}

/** What is there as often as it was put in more often than taken out. */
class Counted<Value> {
  readonly counts = new Map<Value, number>()

  add(value: Value, by: number): void {
    const count = (this.counts.get(value) ?? 0) + by
    if (count === 0) this.counts.delete(value)
    else this.counts.set(value, count)
  }
}
