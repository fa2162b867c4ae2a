import { assert } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import { prefixEnd, type Storage, type StoreEvent, type Watch } from "#store"

/**
 * A live copy of the few objects under a prefix of the store, decoded, for decisions that every request needs without
 * waiting: policy, namespaces, webhooks. It trails the store by the time of a watch event.
 */
export interface Mirror<Value> {
  /** Resolves when all that was there at the start is in it. */
  readonly ready: Promise<void>
  /** Grows with every change: whoever derives something from the whole compares it. */
  readonly generation: number
  /** `key` is without the prefix. */
  get(key: string): Value | undefined
  entries(): Iterable<[key: string, value: Value]>
  close(): void
}

export interface MirrorOptions<Value> {
  readonly storage: Storage
  /** Ends in a slash. */
  readonly prefix: string
  readonly decode: (bytes: Uint8Array) => Value
  readonly clock: Clock
}

/** A store that cannot be read now may be soon: a member without a leader. */
const retryMs = 1_000

export function createMirror<Value>(options: MirrorOptions<Value>): Mirror<Value> {
  const { storage, prefix, decode, clock } = options
  assert(prefix.endsWith("/"), "a prefix without its slash would take in others that begin like it")
  const values = new Map<string, Value>()
  const stopped = new AbortController()
  const ready = Promise.withResolvers<void>()
  let generation = 0
  let watch: Watch | undefined

  // One object that cannot be read must not hide all the others, now and for ever: it counts as not being there.
  const put = (key: string, bytes: Uint8Array): void => {
    try {
      values.set(key.slice(prefix.length), decode(bytes))
    } catch (error) {
      values.delete(key.slice(prefix.length))
      process.emitWarning(`${key} in the store cannot be read, and is passed over: ${(error as Error).message}`)
    }
  }
  const apply = (event: StoreEvent): void => {
    if (event.kind === "delete") values.delete(event.key.slice(prefix.length))
    else put(event.kv.key, event.kv.value)
  }
  const follow = async (): Promise<void> => {
    const range = { key: prefix, end: prefixEnd(prefix) }
    const { kvs, revision } = await storage.range(range)
    if (stopped.signal.aborted) return
    values.clear()
    for (const kv of kvs) put(kv.key, kv.value)
    generation += 1
    watch = storage.watch(
      { ...range, fromRevision: revision + 1 },
      {
        onBatch: ({ events }) => {
          if (events.length > 0) generation += 1
          for (const event of events) apply(event)
        },
        // History that was compacted away, or a store that starts again: what is there now is what counts.
        onEnd: () => void start(),
      },
    )
    ready.resolve()
  }
  const start = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        return await follow()
      } catch {
        await clock.sleep(retryMs, stopped.signal).catch(() => {})
      }
    }
  }
  void start()

  return {
    ready: ready.promise,
    get generation() {
      return generation
    },
    get: (key) => values.get(key),
    entries: () => values.entries(),
    close: () => {
      stopped.abort()
      watch?.close()
    },
  }
}

/** The store holds objects as JSON text. */
export function decodeJson<Value>(bytes: Uint8Array): Value {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"))
}
