import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type MemberStorage, StoppedError } from "#store"
import { CorruptStateError } from "./checksum.ts"
import { openStorage } from "./open-storage.ts"

const hint = "is not what was written. If this member has peers, remove it"

let directory: string
let storage: MemberStorage
let failures: Error[]

const start = (): Promise<MemberStorage> =>
  openStorage({ directory, clock: systemClock, log: silentLog, onFailure: (error) => void failures.push(error) })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-store-"))
  failures = []
  const first = await start()
  const operation = { kind: "put", key: "a", value: Buffer.from("a value that is found in the file") } as const
  await first.txn({ compare: [], success: [operation], failure: [] })
  await first.close()
  storage = await start()
  const path = join(directory, "state", "data.mdb")
  const at = (await readFile(path)).indexOf("found in the file")
  await using file = await open(path, "r+")
  await file.write(Buffer.from("F"), 0, 1, at)
})
afterEach(async () => {
  await storage.close()
  await rm(directory, { recursive: true })
})

describe("a state whose bits flip while it is used", () => {
  it("ends a watch that reads history and the whole member, which says how it is made anew", async () => {
    const told = await new Promise((resolve) =>
      storage.watch({ key: "a", fromRevision: 2 }, { onBatch: resolve, onEnd: resolve }),
    )
    expect(told).toBeInstanceOf(StoppedError)
    expect(String(told)).toContain(hint)
    expect(failures).toEqual([expect.any(CorruptStateError)])
  })

  it("is not served: the read that meets it and all that come later are refused", async () => {
    await expect(storage.range({ key: "a" })).rejects.toThrow(hint)
    await expect(storage.range({ key: "b" })).rejects.toThrow(StoppedError)
    expect(failures).toEqual([expect.any(CorruptStateError)])
  })

  it("is not backed up as what it is not", () => {
    expect(() => storage.latest(0, 10)).toThrow(hint)
    expect(failures).toHaveLength(1)
  })
})
