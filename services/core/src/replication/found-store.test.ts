import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it, onTestFinished } from "vitest"
import { CompactedError, type KeyValue, noEnd } from "#store"
import { foundStore } from "./found-store.ts"
import { openStorage } from "./open-storage.ts"

const change = (key: string, modRevision: number, lease = 0): KeyValue => ({
  key,
  value: Buffer.from(`${key}@${modRevision}`),
  createRevision: 2,
  modRevision,
  version: 3,
  lease,
})

it("A store can begin with a state from elsewhere: it goes on from a later revision, and knows no history", async () => {
  const directory = await mkdtemp(join(tmpdir(), "wick-found-"))
  onTestFinished(() => rm(directory, { recursive: true }))
  const clock = new SimulatedClock()
  const store = join(directory, "store")
  await foundStore(store, {
    revision: 1_000,
    lastLeaseId: 7,
    leases: [{ id: 5, ttlSeconds: 60 }],
    notes: new Map([["n", { version: 4, value: Buffer.from("x") }]]),
    changes: (async function* () {
      yield { revision: 10, changes: [change("b", 10), change("a", 10, 5)] }
      yield { revision: 12, changes: [change("c", 12)] }
    })(),
  })
  for (const expected of [1_001, 1_002]) {
    const storage = await openStorage({ directory: store, clock, log: silentLog })
    const { kvs } = await storage.range({ key: noEnd, end: noEnd })
    const old = kvs.filter(({ key }) => key !== "new")
    expect(old).toEqual([change("a", 10, 5), change("b", 10), change("c", 12)])
    await expect(storage.range({ key: "a", revision: 12 })).rejects.toThrow(CompactedError)
    const watched = new Promise((resolve) =>
      storage.watch({ key: "a", fromRevision: 12 }, { onBatch: () => {}, onEnd: resolve }),
    )
    expect(await watched).toBeInstanceOf(CompactedError)
    expect(storage.note("n")).toEqual({ version: 4, value: Buffer.from("x") })
    expect(storage.lease(5)).toMatchObject({ ttlSeconds: 60, keys: ["a"] })
    const put = { kind: "put", key: "new", value: Buffer.from("1") } as const
    const { revision } = await storage.txn({ compare: [], success: [put], failure: [] })
    expect(revision).toBe(expected)
    await storage.close()
  }
  const storage = await openStorage({ directory: store, clock, log: silentLog })
  expect((await storage.grantLease(60)).id).toBe(8)
  await clock.advance(61_000)
  await expect.poll(async () => (await storage.range({ key: "a" })).kvs.length).toBe(0)
  await storage.close()
})
