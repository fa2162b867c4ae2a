import { seededRandom } from "@wick/sdk/clock"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Entry } from "#raft"
import { NoSpaceError } from "#store"
import { writtenExtent } from "./log-record.ts"
import { CorruptLogError } from "./log-recovery.ts"
import { SimulatedDisk } from "./simulated-disk.ts"
import { type RecoveredLog, segmentSize, WriteAheadLog } from "./write-ahead-log.ts"

const founding = { voters: [1], outgoing: [], learners: [] }
const nothing = { hardState: undefined, snapshot: undefined, entries: [] }

/** Bytes without a zero, so that nothing in them looks like a sector that was never written. */
function entry(index: number, size: number, term = 1): Entry {
  return { index, term, kind: "command", data: Buffer.alloc(size, (index % 255) + 1) }
}

async function open(disk: SimulatedDisk): Promise<{ log: WriteAheadLog; recovered: RecoveredLog }> {
  return WriteAheadLog.open(disk, founding)
}

async function append(log: WriteAheadLog, ...entries: Entry[]): Promise<void> {
  await log.reserve(entries.reduce((sum, { data }) => sum + data.length + 64, 0))
  await log.append({ ...nothing, entries })
}

const indexes = ({ entries }: RecoveredLog): number[] => entries.map(({ index }) => index)
const oneTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)
const batches = fc.array(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 6,
})

/** Appends batches of entries of these sizes; returns the index of the last entry of each. */
async function appendAll(log: WriteAheadLog, sizes: readonly (readonly number[])[], after = 0): Promise<number[]> {
  const ends: number[] = []
  let index = after
  for (const batch of sizes) {
    await append(log, ...batch.map((size) => entry(++index, size)))
    ends.push(index)
  }
  return ends
}

describe("the log on disk", () => {
  it("gives back after a restart what was appended, and goes on after it", async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk)
    await first.log.reserve(1_000)
    await first.log.append({ ...nothing, hardState: { term: 3, vote: 1, commit: 0 }, entries: [entry(1, 10, 3)] })
    const second = await open(disk)
    expect(second.recovered).toMatchObject({ hardState: { term: 3, vote: 1 }, configuration: founding, tornBytes: 0 })
    await append(second.log, entry(2, 10, 3))
    expect(indexes((await open(disk)).recovered)).toEqual([1, 2])
  })

  it("starts when a later leader has replaced entries of a segment that is gone by then", async () => {
    const disk = new SimulatedDisk()
    const { log } = await WriteAheadLog.open(disk, founding, 4_000)
    for (const index of oneTo(3)) await append(log, entry(index, 1_000))
    await append(log, entry(4, 1_000))
    for (const index of [2, 3, 4, 5]) await append(log, entry(index, 100, 2))
    await log.release(4)
    expect((await disk.list()).filter((name) => name.startsWith("log-"))).toHaveLength(1)
    const { before, entries } = (await WriteAheadLog.open(disk, founding, 4_000)).recovered
    expect({ before, entries: entries.map(({ index, term }) => [index, term]) }).toEqual({
      before: { index: 2, term: 2 },
      entries: [3, 4, 5].map((index) => [index, 2]),
    })
  })

  it("makes a batch of any number of entries durable with one write", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    await append(log, entry(1, 10))
    const before = disk.writes
    await append(log, ...oneTo(500).map((at) => entry(at + 1, 100)))
    expect(disk.writes).toBe(before + 1)
  })

  it("lets a later leader's entries replace those from their index on", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    await append(log, entry(1, 9, 1), entry(2, 9, 1), entry(3, 9, 1))
    await append(log, entry(2, 9, 2))
    const { recovered } = await open(disk)
    expect(recovered.entries.map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  it("goes from segment to segment, and lets those go that are needed no more", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    const size = Math.floor(segmentSize / 5)
    for (const index of oneTo(20)) await append(log, entry(index, size))
    const segments = (): string[] => [...disk.files.keys()].filter((name) => name.startsWith("log-"))
    expect(segments().length).toBe(5)
    await log.release(10)
    expect(segments().length).toBe(3)
    const { recovered } = await open(disk)
    expect(indexes(recovered).at(-1)).toBe(20)
    expect(indexes(recovered)[0]).toBe(recovered.before.index + 1)
    expect(recovered.before.index).toBeLessThanOrEqual(10)
  })
})

describe("a log whose power was cut in a write", () => {
  it.each([
    { name: "after a beginning of it", inOrder: true },
    { name: "after some of its sectors, in any order", inOrder: false },
  ])("has every batch before, and nothing of that one: $name", async ({ inOrder }) => {
    await fc.assert(
      fc.asyncProperty(batches, batches, fc.nat(), async (durable, torn, seed) => {
        const disk = new SimulatedDisk()
        const { log } = await open(disk)
        const last = (await appendAll(log, durable)).at(-1) ?? 0
        disk.cutPowerInNextWrite(seededRandom(seed), { inOrder })
        void append(log, ...(torn[0] ?? []).map((size, at) => entry(last + 1 + at, size)))
        await new Promise(setImmediate)
        const second = await open(disk)
        expect(indexes(second.recovered)).toEqual(oneTo(last))
        const ends = await appendAll(second.log, torn, last)
        const third = await open(disk)
        expect(third.recovered.tornBytes).toBe(0)
        expect(indexes(third.recovered)).toEqual(oneTo(ends.at(-1) ?? last))
      }),
      { numRuns: 60 },
    )
  })
})

describe("a log in which bits have flipped", () => {
  it("is not opened, wherever it is: not even in the last batch, which was durable too", async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), async (sizes, bit) => {
        const disk = new SimulatedDisk()
        const { log } = await open(disk)
        await appendAll(log, sizes)
        const [name, bytes] = [...disk.files].find(([name]) => name.startsWith("log-")) ?? ["", Buffer.alloc(1)]
        const extent = writtenExtent(bytes)
        const at = bit % (extent * 8)
        const before = bytes[at >> 3] ?? 0
        if (before === 0) return // padding, which nothing is read from
        bytes[at >> 3] = before ^ (1 << (at & 7))
        await expect(open(disk)).rejects.toThrow(CorruptLogError)
        await expect(open(disk)).rejects.toThrow(`/simulated/${name} at byte`)
      }),
      { numRuns: 200 },
    )
  })

  it("is not opened when a segment is missing in the middle", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    for (const index of oneTo(12)) await append(log, entry(index, Math.floor(segmentSize / 5)))
    disk.files.delete("log-0000000000000002")
    await expect(open(disk)).rejects.toThrow("log-0000000000000002 is missing")
  })
})

describe("a log on a full disk", () => {
  it("refuses what it has no room for, keeps what it has, and goes on once there is space", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    await append(log, entry(1, 100))
    disk.isFull = true
    const size = Math.floor(segmentSize / 3)
    let index = 1
    const fill = async (): Promise<void> => {
      for (;;) await append(log, entry(++index, size))
    }
    await expect(fill()).rejects.toThrow(NoSpaceError)
    await expect(log.reserve(size)).rejects.toThrow("Free some space")
    expect(indexes((await open(disk)).recovered)).toEqual(oneTo(index - 1))
    disk.isFull = false
    await append(log, entry(index, size))
    expect(indexes((await open(disk)).recovered)).toEqual(oneTo(index))
  })

  it("is full from what it refused on, whatever still fits, until the next segment can be made", async () => {
    const disk = new SimulatedDisk()
    const { log } = await open(disk)
    await append(log, entry(1, Math.floor(segmentSize / 3)))
    await append(log, entry(2, Math.floor(segmentSize / 3)))
    disk.isFull = true
    expect(log.isFull).toBe(false)
    await expect(log.reserve(Math.floor(segmentSize / 2.1))).rejects.toThrow(NoSpaceError)
    await append(log, entry(3, 10))
    expect(await log.findRoom()).toBe(false)
    expect(log.isFull).toBe(true)
    disk.isFull = false
    expect(await log.findRoom()).toBe(true)
    expect(log.isFull).toBe(false)
    await append(log, entry(4, Math.floor(segmentSize / 3)))
    expect([...disk.files.keys()].filter((name) => name.startsWith("spare"))).toEqual([])
    expect(indexes((await open(disk)).recovered)).toEqual(oneTo(4))
  })
})
