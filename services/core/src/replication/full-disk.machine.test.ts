import { execFile } from "node:child_process"
import { mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { must } from "@wick/sdk/assert"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { NoSpaceError, noEnd, type Storage } from "#store"
import { openStorage } from "./open-storage.ts"
import { StateDirectories } from "./state-home.ts"

const run = promisify(execFile)
const at = (index: number) => ({ index, term: index === 0 ? 0 : 1 })
const all = { key: noEnd, end: noEnd }

async function put(storage: Storage, key: string): Promise<void> {
  const value = Buffer.alloc(20_000, key)
  await storage.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] })
}

/** A small file system of its own for as long as `use` takes. */
async function withDisk(size: string, use: (mount: string) => Promise<void>): Promise<void> {
  const mount = await mkdtemp(join(tmpdir(), "wick-full-"))
  await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "wick-full", mount])
  try {
    await use(mount)
  } finally {
    await run("umount", [mount])
    await rm(mount, { recursive: true })
  }
}

it("on a real file system that is full, the store refuses writes, serves reads, and loses nothing", () =>
  withDisk("48m", async (mount) => {
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
  }))

it("a state that is sent to a member whose disk is full, or becomes so, is refused and leaves nothing", () =>
  withDisk("64m", async (mount) => {
    const home = new StateDirectories(mount)
    const state = await home.open({ before: at(0), entries: [] })
    const change = { key: "a", value: Buffer.alloc(1024 * 1024, "a"), createRevision: 2, version: 1, lease: 0 }
    const changes = Array.from({ length: 16 }, (_, sub) => ({ ...change, key: `${sub}`, modRevision: 2 }))
    state.append(2, changes)
    const position = { revision: 2, compactRevision: 0, timeMs: 0, lastLeaseId: 0 }
    await state.save({ applied: at(50), configuration: { voters: [1], outgoing: [], learners: [] }, position })
    const { state: source } = must(state.source(), "it was saved")
    const filler = join(mount, "filler")
    for (const left of [0, 20 * 1024 * 1024]) {
      await fillUpTo(filler, mount, left)
      await expect(home.receive(source.open(0)), `${left} bytes left`).rejects.toThrow(NoSpaceError)
      expect(await readdir(mount)).toEqual(["filler", "state"])
      await rm(filler)
    }
    const received = await home.receive(source.open(0))
    expect(received.mvcc.range({ ...all, countOnly: true })).toMatchObject({ count: changes.length })
    await source.close()
    await received.state.close()
    await state.close()
  }))

/** Takes the disk's space until so many bytes are left of it. */
async function fillUpTo(filler: string, mount: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(mount)
  await writeFile(filler, Buffer.alloc(bavail * bsize - left))
}
