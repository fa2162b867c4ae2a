import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import type { MemberStorage, NestedOperation, NestedTxn } from "./member-storage.ts"
import { createMemoryStorage } from "./memory-storage.ts"
import { DuplicateKeyError, KeyNotFoundError, NoteChangedError, TooManyOperationsError } from "./storage.ts"

const bytes = (text: string): Uint8Array => Buffer.from(text)
const put = (key: string, value = "1"): NestedOperation => ({ kind: "put", key, value: bytes(value) })
const when = (
  key: string,
  success: readonly NestedOperation[],
  failure: readonly NestedOperation[] = [],
): NestedOperation & { kind: "txn" } => ({
  kind: "txn",
  compare: [{ key, target: "version", op: ">", value: 0 }],
  success,
  failure,
})
const all = (...success: NestedOperation[]): NestedTxn => ({ compare: [], success, failure: [] })

function make(): { storage: MemberStorage; clock: SimulatedClock } {
  const clock = new SimulatedClock()
  return { storage: createMemoryStorage({ clock }), clock }
}

async function textOf(storage: MemberStorage, key: string): Promise<string | undefined> {
  const [kv] = (await storage.range({ key })).kvs
  return kv && Buffer.from(kv.value).toString()
}

describe("a transaction in a transaction", () => {
  it("is decided by what was there before the outermost one", async () => {
    const { storage } = make()
    const result = await storage.transact(all(put("a"), when("a", [put("b", "yes")], [put("b", "no")])))
    expect(await textOf(storage, "b")).toBe("no")
    expect(result.results[1]).toMatchObject({ kind: "txn", succeeded: false, results: [{ kind: "put" }] })
    expect(result.revision).toBe(2)
  })

  it("may put in each of its branches what the other puts, but nothing that those beside it change", async () => {
    const { storage } = make()
    await storage.transact(all(when("x", [put("a")], [put("a")])))
    await expect(storage.transact(all(put("a"), when("x", [put("a")])))).rejects.toThrow(DuplicateKeyError)
    const deletion: NestedOperation = { kind: "delete", key: "a", end: "c" }
    await expect(storage.transact(all(when("x", [deletion]), put("b")))).rejects.toThrow(DuplicateKeyError)
    await expect(storage.transact(all(deletion, when("x", [], [put("b")])))).rejects.toThrow(DuplicateKeyError)
  })

  it("is refused when there are too many within each other", async () => {
    const { storage } = make()
    let operation = put("a")
    for (let depth = 0; depth < 200; depth++) operation = when("x", [operation])
    await expect(storage.transact(all(operation))).rejects.toThrow(TooManyOperationsError)
  })

  it("changes nothing when anything in it is refused", async () => {
    const { storage } = make()
    const missing: NestedOperation = { kind: "put", key: "c", value: bytes(""), keepValue: true }
    await expect(storage.transact(all(put("a"), when("x", [], [missing])))).rejects.toThrow(KeyNotFoundError)
    expect(storage.currentRevision()).toBe(1)
  })
})

describe("a comparison of an interval", () => {
  const holds = async (storage: MemberStorage, end: string): Promise<boolean> => {
    const compare = [{ key: "a", end, target: "value", op: "=", value: bytes("1") }] as const
    return (await storage.txn({ compare, success: [], failure: [] })).succeeded
  }

  it("holds when it holds for every key, and for none it does as for a key that is not there", async () => {
    const { storage } = make()
    expect(await holds(storage, "z")).toBe(false)
    await storage.transact(all(put("a"), put("b"), put("c", "2")))
    expect(await holds(storage, "c")).toBe(true)
    expect(await holds(storage, "d")).toBe(false)
    expect(await holds(storage, "\0")).toBe(false)
  })
})

describe("a put that keeps", () => {
  it("the value or the lease changes the other alone", async () => {
    const { storage } = make()
    const { id } = await storage.grantLease(60)
    await storage.transact(all({ kind: "put", key: "a", value: bytes("v"), lease: id }))
    await storage.transact(all({ kind: "put", key: "a", value: bytes("w"), keepLease: true }))
    expect((await storage.range({ key: "a" })).kvs[0]).toMatchObject({ lease: id, version: 2 })
    await storage.transact(all({ kind: "put", key: "a", value: bytes(""), keepValue: true }))
    expect((await storage.range({ key: "a" })).kvs[0]).toMatchObject({ lease: 0, version: 3 })
    expect(await textOf(storage, "a")).toBe("w")
  })
})

describe("a lease", () => {
  it("tells how long it has left and which keys die with it", async () => {
    const { storage, clock } = make()
    const { id } = await storage.grantLease(60)
    await storage.transact(all({ kind: "put", key: "b", value: bytes(""), lease: id }))
    await storage.transact(all({ kind: "put", key: "a", value: bytes(""), lease: id }))
    await clock.advance(10_000)
    expect(storage.lease(id)).toEqual({ id, ttlSeconds: 60, remainingMs: 50_000, keys: ["a", "b"] })
    await clock.advance(50_000)
    expect(storage.leases()).toEqual([])
  })
})

describe("a note", () => {
  it("is changed only by who knows what it was, and makes no revision", async () => {
    const { storage } = make()
    await storage.setNote("n", bytes("1"), 0)
    await expect(storage.setNote("n", bytes("2"), 0)).rejects.toThrow(NoteChangedError)
    await storage.setNote("n", bytes("3"), 1)
    expect(storage.note("n")).toEqual({ version: 2, value: Buffer.from("3") })
    expect(storage.currentRevision()).toBe(1)
  })
})

describe("what is kept", () => {
  it("is every change that was not forgotten, with its place, slice by slice", async () => {
    const { storage } = make()
    await storage.transact(all(put("a"), put("b")))
    await storage.transact(all(put("a", "2")))
    await storage.transact(all({ kind: "delete", key: "b" }))
    await storage.compact(3)
    const found: unknown[] = []
    for (let next: number | undefined = 0; next !== undefined; ) {
      const slice = storage.kept(next, 1)
      found.push(...slice.changes.map(({ sub, kv }) => [kv.key, kv.modRevision, sub, kv.version]))
      next = slice.next
    }
    expect(found).toEqual([
      ["b", 2, 1, 1],
      ["a", 3, 0, 2],
      ["b", 4, 0, 0],
    ])
  })
})

describe("what a copy is made from", () => {
  it("is the latest of every key that lives, slice by slice", async () => {
    const { storage } = make()
    for (const key of ["a", "b", "a", "c"]) await storage.transact(all(put(key)))
    await storage.transact(all({ kind: "delete", key: "c" }))
    const keys: string[] = []
    for (let next: number | undefined = 0; next !== undefined; ) {
      const slice = storage.latest(next, 1)
      keys.push(...slice.changes.map(({ kv }) => `${kv.key}@${kv.modRevision}`))
      next = slice.next
    }
    expect(keys).toEqual(["b@3", "a@4"])
  })

  it("says which leases and notes there are", async () => {
    const { storage } = make()
    const { id } = await storage.grantLease(30)
    await storage.setNote("n", bytes("x"), 0)
    expect(storage.beside()).toEqual({
      leases: [{ id, ttlSeconds: 30 }],
      lastLeaseId: id,
      notes: new Map([["n", { version: 1, value: bytes("x") }]]),
    })
  })
})
