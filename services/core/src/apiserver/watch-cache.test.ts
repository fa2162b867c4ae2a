import { type AnyObject, ConfigMap } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it, onTestFinished } from "vitest"
import { CompactedError, createMemoryStorage, type Storage, type WatchHandler } from "#store"
import { encodeStored } from "./object-bytes.ts"
import { ObjectStore } from "./object-store.ts"
import { builtinResource } from "./served-resource.ts"
import { WarmObjects } from "./warm-objects.ts"
import { type CachedEvent, WatchCache } from "./watch-cache.ts"

const { schema, components } = openapiSchema(ConfigMap)
const maps = builtinResource(ConfigMap, schema, components)

const named = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
})

interface Trouble {
  /** Ranges that fail from now on. */
  failures: number
  forget(): void
}

function troubled(storage: Storage): Storage & Trouble {
  const handlers: WatchHandler[] = []
  const trouble: Trouble = {
    failures: 0,
    forget: () => {
      for (const handler of handlers.splice(0)) handler.onEnd?.(new CompactedError(1))
    },
  }
  return Object.assign(Object.create(storage) as Storage, trouble, {
    compactedRevision: () => storage.compactedRevision?.() ?? 0,
    readerOf: (prefix: string) => storage.readerOf?.(prefix),
    confirmRead: () => storage.confirmRead?.() ?? Promise.resolve(),
    range(this: Trouble, request: Parameters<Storage["range"]>[0]) {
      return this.failures-- > 0 ? Promise.reject(new Error("no leader")) : storage.range(request)
    },
    txn: storage.txn.bind(storage),
    currentRevision: () => storage.currentRevision(),
    watch: (request: Parameters<Storage["watch"]>[0], handler: WatchHandler) => {
      handlers.push(handler)
      return storage.watch(request, handler)
    },
  })
}

function start() {
  const clock = new SimulatedClock()
  const memory = createMemoryStorage({ clock })
  const storage = troubled(memory)
  const store = new ObjectStore(storage, clock)
  onTestFinished(async () => {
    store.close()
    await memory.close()
  })
  return { clock, storage, store }
}

it("a cache whose store has forgotten where it was reads all anew, and tries until it can", async () => {
  const { clock, storage, store } = start()
  await store.create(maps, named("a"))
  let lost = 0
  store.cache(maps).subscribe(store.cache(maps).revision, { onEvent: () => {}, onLost: () => lost++ })
  storage.failures = 2
  storage.forget()
  expect(lost).toBe(1)
  await expect(store.get(maps, "default", "a")).rejects.toThrow("no leader")
  await clock.advance(2_000)
  expect((await store.get(maps, "default", "a")).name).toBe("a")
  await store.create(maps, named("b"))
  expect(
    store
      .cache(maps)
      .list()
      .map(({ name }) => name),
  ).toEqual(["a", "b"])
})

it("a cache whose first reading failed is read once the store answers", async () => {
  const { clock, storage, store } = start()
  storage.failures = 1
  await expect(store.find(maps, "default", "a")).rejects.toThrow("no leader")
  await clock.advance(1_000)
  expect(await store.find(maps, "default", "a")).toBeUndefined()
})

/** A cache that keeps no bytes: whatever is asked for is read again. */
async function withoutBytes() {
  const { clock, store } = start()
  const memory = createMemoryStorage({ clock })
  const write = (name: string, data: string) => {
    const value = encodeStored({ ...named(name), data: { said: data } } as AnyObject)
    return memory.txn({ compare: [], success: [{ kind: "put", key: prefix + name, value }], failure: [] })
  }
  const erase = (name: string) =>
    memory.txn({ compare: [], success: [{ kind: "delete", key: prefix + name }], failure: [] })
  const cache = new WatchCache(maps, memory, "/registry/core/configmaps/", clock, { warm: new WarmObjects(clock, 0) })
  onTestFinished(() => {
    cache.close()
    store.close()
    return memory.close()
  })
  await cache.ready
  return { clock, memory, cache, write, erase }
}

const prefix = "/registry/core/configmaps/default/"
const said = (bytes: Buffer | undefined): unknown => JSON.parse(String(bytes)).data.said
const everything = { text: "all", selection: () => true }

it("bytes that are not in memory are read from the store, of what is there and of what was", async () => {
  const { cache, write, erase } = await withoutBytes()
  const from = cache.revision
  await write("a", "one")
  await write("a", "two")
  await write("b", "three")
  await erase("b")
  expect(said(cache.get(`${prefix}a`)?.bytes)).toBe("two")
  expect(cache.list().map(({ bytes, size }) => [said(bytes), bytes.length === size])).toEqual([["two", true]])
  const told: unknown[] = []
  cache.follow(from, everything, {
    onSeen: (event, type) => told.push([type, said(event.object(type))]),
    onLost: () => {},
  })
  expect(told).toEqual([
    ["ADDED", "one"],
    ["MODIFIED", "two"],
    ["ADDED", "three"],
    ["DELETED", "three"],
  ])
})

it("with another schema all is read from the store anew, with what was there before the events that are kept", async () => {
  const { memory, cache, write, erase } = await withoutBytes()
  await write("a", "one")
  const { revision } = await write("b", "two")
  await erase("b")
  await memory.compact(revision)
  cache.renew({ ...maps, indexedFields: ["data.said"] })
  expect(cache.get(`${prefix}a`)?.fields).toEqual({ "data.said": "one" })
  const told: unknown[] = []
  cache.follow(revision, everything, {
    onSeen: (event, type) => told.push([type, said(event.object(type)), event.before?.fields]),
    onLost: () => {},
  })
  expect(told).toEqual([["DELETED", "two", { "data.said": "two" }]])
})

it("what the store has compacted is forgotten, and what lives is still there", async () => {
  const { memory, cache, write } = await withoutBytes()
  await write("a", "one")
  const { revision } = await write("b", "two")
  await memory.compact(revision)
  const watcher = { onSeen: () => {}, onLost: () => {} }
  expect(() => cache.follow(revision - 1, everything, watcher)).toThrow("too old resource version")
  cache.follow(revision, everything, watcher)
  expect(said(cache.get(`${prefix}a`)?.bytes)).toBe("one")
})

it("an object whose labels a write leaves alone is selected by the very same texts, in memory once", async () => {
  const { cache, write } = await withoutBytes()
  await write("a", "one")
  const before = cache.get(`${prefix}a`)
  await write("a", "two")
  const after = cache.get(`${prefix}a`)
  expect(after).not.toBe(before)
  expect(after?.labels).toBe(before?.labels)
})

describe("events that grow old", () => {
  /** Names of the objects that events after `revision` are of; undefined when that is not known any more. */
  const since = (cache: WatchCache, revision: number): string[] | undefined => {
    const names: string[] = []
    try {
      const onSeen = ({ after }: CachedEvent): unknown => names.push(after?.name ?? "")
      cache.follow(revision, everything, { onSeen, onLost: () => {} })()
      return names
    } catch {
      return undefined
    }
  }
  const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `n-${from + at}`)

  it("are told to who comes back within a time, and forgotten after it but for the last hundred", async () => {
    const { clock, cache, write } = await withoutBytes()
    const revisions: number[] = [cache.revision]
    const writeAll = async (all: readonly string[]): Promise<void> => {
      for (const name of all) revisions.push((await write(name, "x")).revision)
    }
    await writeAll(names(0, 150))
    await clock.advance(74_000)
    expect(since(cache, revisions[0] ?? 0)).toEqual(names(0, 150))
    await writeAll(names(150, 270))
    // The timer began with the event that was one too many, and what came after that is younger.
    await clock.advance(1_000)
    expect(since(cache, revisions[0] ?? 0)).toBeUndefined()
    expect(since(cache, revisions[101] ?? 0)).toEqual(names(101, 270))
    await clock.advance(75_000)
    expect(since(cache, revisions[169] ?? 0)).toBeUndefined()
    expect(since(cache, revisions[170] ?? 0)).toEqual(names(170, 270))
    await clock.advance(600_000)
    expect(since(cache, revisions[170] ?? 0)).toEqual(names(170, 270))
    expect(cache.list()).toHaveLength(270)
  })
})
