import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CompactedError, NoSpaceError, noEnd, StoppedError, type Storage } from "#store"
import { DirectoryInUseError } from "./directory-lock.ts"
import { compactionIntervalMs } from "./open-member.ts"
import { openStorage, openStorageOn } from "./open-storage.ts"
import { SimulatedDisk } from "./simulated-disk.ts"

let directory: string
let clock: SimulatedClock

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-store-"))
  clock = new SimulatedClock()
})
afterEach(() => rm(directory, { recursive: true }))

const start = (): Promise<Storage> => openStorage({ directory, clock, log: silentLog })
const all = { key: noEnd, end: noEnd }

async function put(storage: Storage, key: string, value: string, lease = 0): Promise<number> {
  const operation = { kind: "put", key, value: Buffer.from(value), lease } as const
  return (await storage.txn({ compare: [], success: [operation], failure: [] })).revision
}

async function contents(storage: Storage, revision = 0): Promise<Record<string, string>> {
  const { kvs } = await storage.range({ ...all, revision })
  return Object.fromEntries(kvs.map(({ key, value }) => [key, Buffer.from(value).toString()]))
}

describe("after a restart", () => {
  it("everything is as it was: keys, revisions, history and how far it goes back", async () => {
    const first = await start()
    for (const value of ["1", "2", "3", "4"]) await put(first, "a", value)
    await put(first, "b", "x")
    await first.txn({ compare: [], success: [{ kind: "delete", key: "b" }], failure: [] })
    await first.compact(4)
    await first.close()
    const second = await start()
    expect(second.currentRevision()).toBe(7)
    expect(await contents(second)).toEqual({ a: "4" })
    expect(await contents(second, 6)).toEqual({ a: "4", b: "x" })
    await expect(contents(second, 3)).rejects.toThrow(CompactedError)
    expect((await second.range({ key: "a" })).kvs[0]).toMatchObject({ createRevision: 2, modRevision: 5, version: 4 })
    expect(await put(second, "a", "5")).toBe(8)
    await second.close()
  })

  it("notes are as they were, whether they were saved or are only in the log", async () => {
    const first = await openStorage({ directory, clock, log: silentLog })
    await first.setNote("n", Buffer.from("1"), 0)
    await first.close()
    const second = await openStorage({ directory, clock, log: silentLog })
    expect(second.note("n")).toEqual({ version: 1, value: Buffer.from("1") })
    await second.setNote("n", Buffer.from("2"), 1)
    await clock.advance(60_000) // by now it is in the state, which another change brings up to date
    await second.setNote("m", Buffer.from("3"), 0)
    await second.close()
    const third = await openStorage({ directory, clock, log: silentLog })
    expect([third.note("n"), third.note("m")]).toEqual([
      { version: 2, value: Buffer.from("2") },
      { version: 1, value: Buffer.from("3") },
    ])
    await third.close()
  })

  it("a watch goes on from the revision that it had seen", async () => {
    const first = await start()
    for (const value of ["1", "2", "3"]) await put(first, "a", value)
    await first.close()
    const second = await start()
    const seen: string[] = []
    const four = new Promise<void>((resolve) => {
      const onBatch: Parameters<Storage["watch"]>[1]["onBatch"] = ({ events }) => {
        for (const event of events) if (event.kind === "put") seen.push(Buffer.from(event.kv.value).toString())
        if (seen.includes("4")) resolve()
      }
      second.watch({ key: "a", fromRevision: 3 }, { onBatch, onEnd: () => {} })
    })
    await put(second, "a", "4")
    await four
    expect(seen).toEqual(["2", "3", "4"])
    await second.close()
  })

  it("a lease has the time left that it had, and takes its keys along when that is over", async () => {
    const first = await start()
    const { id } = await first.grantLease(10)
    await put(first, "mortal", "x", id)
    await clock.advance(6_000)
    await put(first, "other", "x")
    await first.close()
    await clock.advance(60_000)
    const second = await start()
    await clock.advance(3_900)
    expect(await contents(second)).toHaveProperty("mortal")
    const gone = new Promise<void>((resolve) => {
      second.watch({ key: "mortal" }, { onBatch: () => resolve(), onEnd: () => {} })
    })
    await clock.advance(200)
    await gone
    expect(await contents(second)).toEqual({ other: "x" })
    await second.close()
  })

  it("large values and small ones are served alike from the state that was saved", async () => {
    const first = await start()
    const large = "x".repeat(1_400_000)
    await put(first, "large", large)
    await put(first, "empty", "")
    await first.close()
    const second = await start()
    expect(await contents(second)).toEqual({ large, empty: "" })
    await second.close()
  })
})

describe("while it runs", () => {
  it("its metrics tell what it holds and how long its disk takes", async () => {
    const metrics = createMetrics({ process: false })
    const storage = await openStorage({ directory, clock, log: silentLog, metrics })
    const { close } = storage.watch({ key: "a" }, { onBatch: () => {}, onEnd: () => {} })
    await put(storage, "a", "1")
    await storage.grantLease(10)
    const text = await metrics.text()
    for (const line of [
      "revision 2",
      "keys 1",
      "leases 1",
      "watchers 1",
      "commands_total 3",
      "log_write_seconds_count 3",
    ]) {
      expect(text).toContain(`wick_store_${line}\n`)
    }
    close()
    await storage.close()
  })

  it("watchers are told what was there before, although it is compacted in the same moment", async () => {
    const storage = await start()
    await put(storage, "a", "1")
    const before: unknown[] = []
    const onBatch: Parameters<Storage["watch"]>[1]["onBatch"] = ({ events }) => {
      for (const { previous } of events) before.push(previous && Buffer.from(previous.value).toString())
    }
    storage.watch({ key: "a", previous: true }, { onBatch, onEnd: () => {} })
    await Promise.all([put(storage, "a", "2"), storage.compact(2), put(storage, "a", "3"), storage.compact(4)])
    expect(before).toEqual(["1", "2"])
    await storage.close()
  })

  it("the state is saved some seconds after a write, and the log is not needed for it any more", async () => {
    const storage = await start()
    await put(storage, "a", "1")
    await clock.advance(5_000)
    for (let at = 0; at < 40; at++) await put(storage, `large-${at}`, "x".repeat(1_000_000))
    await clock.advance(5_000)
    expect(await contents(storage)).toHaveProperty("a", "1")
    await storage.close()
    const segments = (await readdir(join(directory, "log"))).filter((name) => name.startsWith("log-"))
    expect(segments.length).toBeLessThanOrEqual(2)
  })

  it("history older than an interval or two is forgotten, what lives is not", async () => {
    const storage = await start()
    for (const value of ["1", "2", "3"]) await put(storage, "a", value)
    await clock.advance(compactionIntervalMs)
    await put(storage, "b", "1")
    await clock.advance(compactionIntervalMs)
    await put(storage, "c", "1")
    await expect(contents(storage, 3)).rejects.toThrow(CompactedError)
    expect(await contents(storage, 4)).toEqual({ a: "3" })
    expect(await contents(storage)).toEqual({ a: "3", b: "1", c: "1" })
    await storage.close()
  })

  it("nobody else can open the directory; afterwards anyone can", async () => {
    const storage = await start()
    await expect(start()).rejects.toThrow(DirectoryInUseError)
    await expect(start()).rejects.toThrow(directory)
    await storage.close()
    await (await start()).close()
  })
})

describe("a damaged directory", () => {
  it("is not opened, and the message says which byte of which file and what to do", async () => {
    const storage = await start()
    for (let at = 0; at < 20; at++) await put(storage, `key-${at}`, "value")
    await storage.close()
    const path = join(directory, "log", "log-0000000000000001")
    await using file = await open(path, "r+")
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 700)
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0x10]), 0, 1, 700)
    await expect(start()).rejects.toThrow(new RegExp(`${path} at byte \\d+ .*remove it from the cluster`))
  })

  it("is not opened when bits of its state have flipped, and says so", async () => {
    const storage = await start()
    await put(storage, "a", "a value that is found in the file")
    await storage.close()
    const path = join(directory, "state", "data.mdb")
    const bytes = await readFile(path)
    const at = bytes.indexOf("found in the file")
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(path, bytes)
    await expect(start()).rejects.toThrow("a change of revision 2 is not what was written. If this member has peers")
  })

  it("is not opened when its log was removed", async () => {
    const storage = await start()
    await put(storage, "a", "1")
    await storage.close()
    await rm(join(directory, "log"), { recursive: true })
    await expect(start()).rejects.toThrow("is incomplete: its state goes up to entry")
  })

  it("is not opened when its state was removed and the log no longer goes back to the beginning", async () => {
    const storage = await start()
    for (let at = 0; at < 40; at++) await put(storage, `large-${at}`, "x".repeat(1_000_000))
    await clock.advance(5_000)
    await storage.close()
    await rm(join(directory, "state"), { recursive: true })
    await expect(start()).rejects.toThrow("is incomplete")
  })
})

describe("a disk that", () => {
  it("is full refuses writes, loses none that it took, serves reads, and takes writes again once there is space", async () => {
    const disk = new SimulatedDisk()
    const storage = await openStorageOn(async () => disk, { directory, clock, log: silentLog })
    disk.isFull = true
    let taken = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await put(storage, `key-${taken}`, "x".repeat(1_000_000))
        taken++
      }
    }
    await expect(fill()).rejects.toThrow(NoSpaceError)
    expect((await storage.range({ ...all, countOnly: true })).count).toBe(taken)
    await put(storage, `key-${taken}`, "small enough for what the log has left")
    await clock.advance(5_000)
    expect(storage.status().hasSpace).toBe(false)
    disk.isFull = false
    await clock.advance(5_000)
    expect(storage.status().hasSpace).toBe(true)
    await put(storage, `key-${taken}`, "x".repeat(1_000_000))
    await storage.close()
    const again = await openStorageOn(async () => disk, { directory, clock, log: silentLog })
    expect((await again.range({ ...all, countOnly: true })).count).toBe(taken + 1)
    await again.close()
  })

  it("fails stops the store: nothing more is acknowledged, watches end, and the owner is told once", async () => {
    const disk = new SimulatedDisk()
    const failures: Error[] = []
    const onFailure = (error: Error): void => void failures.push(error)
    const storage = await openStorageOn(async () => disk, { directory, clock, log: silentLog, onFailure })
    await put(storage, "a", "1")
    const ended = new Promise<Error>((resolve) => storage.watch({ key: "a" }, { onBatch: () => {}, onEnd: resolve }))
    disk.isBroken = true
    const writes = await Promise.allSettled([put(storage, "a", "2"), put(storage, "a", "3")])
    expect(writes.map((write) => write.status === "rejected" && write.reason)).toEqual([
      expect.any(StoppedError),
      expect.any(StoppedError),
    ])
    await expect(put(storage, "a", "4")).rejects.toThrow("EIO")
    await expect(storage.range({ key: "a" })).rejects.toThrow(StoppedError)
    expect(await ended).toBeInstanceOf(StoppedError)
    expect(failures.length).toBe(1)
    await storage.close()
  })
})
