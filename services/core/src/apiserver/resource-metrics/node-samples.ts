import type { Clock } from "@wick/sdk/clock"
import type { NodeProxy } from "../node-proxy.ts"
import { type NodeSample, readSummary } from "./node-sample.ts"

/** Two looks at a node: what lies between them is what it uses. */
export interface Pair {
  readonly before: NodeSample
  readonly after: NodeSample
}

/** Who asks again within this time is told the same. */
export const freshMs = 1_000
/** A look that is older than this would tell of what was long ago: a new one is taken, and a second after `freshMs`. */
export const windowMsMax = 60_000
/** A kubelet that does not answer in this time has no figures. */
const answerMsMax = 5_000

/**
 * The last two looks at each node. A node is looked at when somebody asks for its figures, and at no other time: the
 * first question after a while takes a second longer.
 */
export class NodeSamples {
  readonly #proxy: NodeProxy
  readonly #clock: Clock
  readonly #pairs = new Map<string, Pair>()
  readonly #looking = new Map<string, Promise<Pair | undefined>>()

  constructor(proxy: NodeProxy, clock: Clock) {
    this.#proxy = proxy
    this.#clock = clock
  }

  /** Undefined when the node tells nothing. All who ask at the same time share one look. */
  of(node: string): Promise<Pair | undefined> {
    const looking = this.#looking.get(node)
    if (looking) return looking
    const look = this.#look(node).finally(() => this.#looking.delete(node))
    this.#looking.set(node, look)
    return look
  }

  /** Forgets nodes that are no more. */
  keepOnly(nodes: ReadonlySet<string>): void {
    for (const node of this.#pairs.keys()) if (!nodes.has(node)) this.#pairs.delete(node)
  }

  async #look(node: string): Promise<Pair | undefined> {
    const known = this.#pairs.get(node)
    const ageMs = known ? this.#clock.now() - known.after.takenAtMs : Number.POSITIVE_INFINITY
    if (known && ageMs < freshMs) return known
    const before = known && ageMs <= windowMsMax ? known.after : await this.#first(node)
    const after = before && (await this.#take(node))
    if (!before || !after) return undefined
    const pair = { before, after }
    this.#pairs.set(node, pair)
    return pair
  }

  async #first(node: string): Promise<NodeSample | undefined> {
    const sample = await this.#take(node)
    if (sample) await this.#clock.sleep(freshMs)
    return sample
  }

  async #take(node: string): Promise<NodeSample | undefined> {
    const connection = this.#proxy(node)
    if (!connection) return undefined
    const late = new AbortController()
    const timer = this.#clock.timer(answerMsMax, () => late.abort())
    try {
      const url = "http://kubelet/stats/summary?only_cpu_and_memory=true"
      const response = await connection.fetch(new Request(url, { signal: late.signal }))
      return response.ok ? readSummary((await response.json()) as object, this.#clock.now()) : undefined
    } catch {
      // A node that is away has no figures: those of the others are told all the same.
      return undefined
    } finally {
      timer.cancel()
    }
  }
}
