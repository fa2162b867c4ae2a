import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { NoSpaceError, noEnd, type Storage } from "#store"
import { openStorage } from "./open-storage.ts"

const run = promisify(execFile)
const all = { key: noEnd, end: noEnd }

async function put(storage: Storage, key: string): Promise<void> {
  const value = Buffer.alloc(20_000, key)
  await storage.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] })
}

it("on a real file system that is full, the store refuses writes, serves reads, and loses nothing", async () => {
  const mount = await mkdtemp(join(tmpdir(), "wick-full-"))
  await run("mount", ["-t", "tmpfs", "-o", "size=48m", "wick-full", mount])
  try {
    const clock = new SimulatedClock()
    const options = { directory: join(mount, "store"), clock, log: silentLog }
    const storage = await openStorage(options)
    let taken = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await put(storage, `key-${taken}`)
        taken++
      }
    }
    await expect(fill()).rejects.toThrow(NoSpaceError)
    expect((await storage.range({ ...all, countOnly: true })).count).toBe(taken)
    await run("mount", ["-o", "remount,size=200m", mount])
    await clock.advance(5_000)
    for (let more = 0; more < 1_000; more++) await put(storage, `key-${taken++}`)
    await storage.close()
    const again = await openStorage(options)
    const { kvs } = await again.range(all)
    expect(kvs.length).toBe(taken)
    for (const { key, value } of kvs) expect(Buffer.compare(value, Buffer.alloc(20_000, key))).toBe(0)
    await again.close()
  } finally {
    await run("umount", [mount])
    await rm(mount, { recursive: true })
  }
})
