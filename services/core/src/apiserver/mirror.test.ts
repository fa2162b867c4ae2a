import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it, vi } from "vitest"
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

  it("passes over an object that cannot be read, and says which, until it is mended", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue()
    const clock = new SimulatedClock()
    const storage = createMemoryStorage({ clock })
    await put(storage, "/a/good", { n: 1 })
    const broken = { kind: "put", key: "/a/bad", value: Buffer.from("{") } as const
    await storage.txn({ compare: [], success: [broken], failure: [] })
    const mirror = createMirror<{ n: number }>({ storage, prefix: "/a/", decode: decodeJson, clock })
    await mirror.ready
    expect([...mirror.entries()]).toEqual([["good", { n: 1 }]])
    expect(warned).toHaveBeenCalledWith(expect.stringMatching(/^\/a\/bad in the store cannot be read/))
    await put(storage, "/a/bad", { n: 2 })
    await storage.txn({ compare: [], success: [{ ...broken, key: "/a/good" }], failure: [] })
    await put(storage, "/a/other", { n: 3 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(Object.fromEntries(mirror.entries())).toEqual({ bad: { n: 2 }, other: { n: 3 } })
    warned.mockRestore()
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
