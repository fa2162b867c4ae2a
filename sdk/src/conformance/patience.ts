import type { Kind, KindOf } from "../api/kind.ts"
import type { Client, Reference, WatchEvent, WatchOptions } from "../client/client.ts"
import type { Clock } from "../clock/index.ts"

/** Longest time that anything is waited for. */
export const patienceMs = 15_000
/** Pause between two looks where there is no event to wait for. */
const pauseMs = 50

/**
 * Tries until `attempt` does not throw. For what Kubernetes promises to come but announces nowhere: a webhook, a policy
 * or a role that has reached every API server.
 */
export async function eventually<Value>(
  clock: Clock,
  attempt: () => Promise<Value>,
  withinMs = patienceMs,
): Promise<Value> {
  const untilMs = clock.monotonic() + withinMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (clock.monotonic() >= untilMs) throw error
      await clock.sleep(pauseMs)
    }
  }
}

/** Waits, by a watch, until an object is as wanted; gives it. A deleted object is `undefined` to the condition. */
export async function becomes<K extends Kind>(
  client: Client,
  kind: K,
  reference: Reference,
  condition: (object: KindOf<K> | undefined) => boolean,
  withinMs = patienceMs,
): Promise<KindOf<K> | undefined> {
  const { name, namespace } = reference
  const selecting = { fieldSelector: { "metadata.name": name }, ...(namespace && { namespace }) }
  const signal = AbortSignal.timeout(withinMs)
  const { items, metadata } = await client.list(kind, { ...selecting, signal })
  if (condition(items[0])) return items[0]
  let last = items[0]
  const options = { ...selecting, resourceVersion: metadata.resourceVersion ?? "", signal }
  for await (const event of client.watch(kind, options)) {
    if (event.type === "BOOKMARK") continue
    last = event.type === "DELETED" ? undefined : event.object
    if (condition(last)) return last
  }
  throw new Error(`${kind.kind} ${name} did not become what was wanted; last seen: ${JSON.stringify(last)}`)
}

/** A watch that is read an event at a time; each read is bounded. */
export interface Watching<Item> extends AsyncDisposable {
  /** The next event; undefined when the server has ended the watch. */
  next(): Promise<WatchEvent<Item> | undefined>
  /** The next `count` events as `TYPE name`. */
  take(count: number): Promise<string[]>
}

export function watching<K extends Kind>(client: Client, kind: K, options: WatchOptions): Watching<KindOf<K>> {
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(patienceMs)])
  const events = client.watch(kind, { ...options, signal })[Symbol.asyncIterator]()
  const next = async (): Promise<WatchEvent<KindOf<K>> | undefined> => {
    const { done, value } = await events.next()
    if (done && signal.aborted) throw new Error(`a watch of ${kind.plural} brought nothing within ${patienceMs} ms`)
    return done ? undefined : value
  }
  return {
    next,
    take: async (count) => {
      const seen: string[] = []
      while (seen.length < count) {
        const event = await next()
        if (!event) break
        seen.push(`${event.type} ${event.object.metadata.name ?? ""}`.trimEnd())
      }
      return seen
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await events.return?.(undefined)
    },
  }
}
