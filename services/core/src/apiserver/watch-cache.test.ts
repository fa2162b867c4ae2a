import { ConfigMap } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it, onTestFinished } from "vitest"
import { CompactedError, createMemoryStorage, type Storage, type WatchHandler } from "#store"
import { ObjectStore } from "./object-store.ts"
import { builtinResource } from "./served-resource.ts"

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
  expect((await store.get(maps, "default", "a")).index.name).toBe("a")
  await store.create(maps, named("b"))
  expect(
    store
      .cache(maps)
      .list()
      .map(({ index }) => index.name),
  ).toEqual(["a", "b"])
})

it("a cache whose first reading failed is read once the store answers", async () => {
  const { clock, storage, store } = start()
  storage.failures = 1
  await expect(store.find(maps, "default", "a")).rejects.toThrow("no leader")
  await clock.advance(1_000)
  expect(await store.find(maps, "default", "a")).toBeUndefined()
})
