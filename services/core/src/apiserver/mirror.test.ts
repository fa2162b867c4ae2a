import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { createMemoryStorage, type Storage } from "#store"
import { createMirror, decodeJson } from "./mirror.ts"

const put = async (storage: Storage, key: string, value: unknown): Promise<void> => {
  const bytes = Buffer.from(JSON.stringify(value))
  await storage.txn({ compare: [], success: [{ kind: "put", key, value: bytes }], failure: [] })
}
const remove = (storage: Storage, key: string): Promise<unknown> =>
  storage.txn({ compare: [], success: [{ kind: "delete", key }], failure: [] })

describe("mirror", () => {
  it("holds what is under its prefix, and follows every change", async () => {
    const clock = new SimulatedClock()
    const storage = createMemoryStorage({ clock })
    await put(storage, "/a/one", { n: 1 })
    await put(storage, "/b/one", { n: 9 })
    const mirror = createMirror<{ n: number }>({ storage, prefix: "/a/", decode: decodeJson, clock })
    await mirror.ready
    expect([...mirror.entries()]).toEqual([["one", { n: 1 }]])
    const before = mirror.generation
    await put(storage, "/a/two", { n: 2 })
    await remove(storage, "/a/one")
    await new Promise((resolve) => setImmediate(resolve))
    expect([...mirror.entries()]).toEqual([["two", { n: 2 }]])
    expect(mirror.generation).toBeGreaterThan(before)
    mirror.close()
    await storage.close()
  })

  it("waits for a store that cannot be read yet", async () => {
    const clock = new SimulatedClock()
    const storage = createMemoryStorage({ clock })
    await put(storage, "/a/one", { n: 1 })
    let failures = 2
    const flaky: Storage = {
      ...bound(storage),
      range: (request) => (failures-- > 0 ? Promise.reject(new Error("no leader")) : storage.range(request)),
    }
    const mirror = createMirror<{ n: number }>({ storage: flaky, prefix: "/a/", decode: decodeJson, clock })
    await clock.advance(2_000)
    await mirror.ready
    expect(mirror.get("one")).toEqual({ n: 1 })
    mirror.close()
    await storage.close()
  })
})

function bound(storage: Storage): Storage {
  return {
    range: (request) => storage.range(request),
    txn: (request) => storage.txn(request),
    watch: (request, handler) => storage.watch(request, handler),
    compact: (revision) => storage.compact(revision),
    currentRevision: () => storage.currentRevision(),
    grantLease: (ttl, id) => storage.grantLease(ttl, id),
    keepLeaseAlive: (id) => storage.keepLeaseAlive(id),
    revokeLease: (id) => storage.revokeLease(id),
    close: () => storage.close(),
  }
}
