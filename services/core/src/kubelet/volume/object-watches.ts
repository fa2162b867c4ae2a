import type { Kind, KindOf } from "@wick/sdk/api/kind"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createInformer, type Informer } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"

interface Watch {
  readonly informer: Informer<Kind>
  readonly listeners: Set<() => void>
}

/**
 * Watches that nobody needs now are kept, newest first, so that the next pod of a revision finds its objects here: for as long as
 * they can be followed, which a node may not any more when a watch has ended and none of its pods names the object.
 */
const idleMax = 32

/** Single ConfigMaps and Secrets that pods of this node use, each watched once, however many pods use it. */
export class ObjectWatches {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Log
  readonly #watches = new Map<string, Watch>()

  constructor(client: Client, clock: Clock, log: Log) {
    this.#client = client
    this.#clock = clock
    this.#log = log
  }

  /** Starts to watch an object. `listener` hears of changes after this call. Returns its undoing. */
  hold(kind: Kind, namespace: string, name: string, listener: () => void): () => void {
    const key = keyOf(kind, namespace, name)
    const watch = this.#watches.get(key) ?? this.#open(kind, namespace, name)
    this.#watches.delete(key)
    this.#watches.set(key, watch)
    watch.listeners.add(listener)
    return () => {
      watch.listeners.delete(listener)
      this.#trim()
    }
  }

  /** The object as it is now, of those held; `undefined` when there is none. */
  async get<K extends Kind>(kind: K, namespace: string, name: string): Promise<KindOf<K> | undefined> {
    const watch = this.#watches.get(keyOf(kind, namespace, name))
    if (!watch) return undefined
    await watch.informer.synced
    return watch.informer.get(name, namespace) as KindOf<K> | undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#watches.values()].map(({ informer }) => informer[Symbol.asyncDispose]()))
    this.#watches.clear()
  }

  #open(kind: Kind, namespace: string, name: string): Watch {
    const listeners = new Set<() => void>()
    const onFailure = (): void => {
      // What it holds may be of yesterday when the next pod asks.
      if (listeners.size === 0) this.#end(keyOf(kind, namespace, name))
    }
    const selection = { namespace, fieldSelector: `metadata.name=${name}`, onFailure }
    const informer = createInformer(this.#client, kind, selection, this.#clock, this.#log)
    informer.onChange(() => {
      for (const listener of listeners) listener()
    })
    return { informer, listeners }
  }

  #trim(): void {
    const idle = [...this.#watches].filter(([, { listeners }]) => listeners.size === 0)
    for (const [key] of idle.slice(0, Math.max(0, idle.length - idleMax))) this.#end(key)
  }

  #end(key: string): void {
    const watch = this.#watches.get(key)
    this.#watches.delete(key)
    watch?.informer[Symbol.asyncDispose]().then(undefined, (error) => {
      this.#log.warn("a watch did not end", { key, error })
    })
  }
}

function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${kind.plural}/${namespace}/${name}`
}
