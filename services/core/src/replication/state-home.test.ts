import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Mvcc } from "#store"
import type { AppliedState, Checkpoint } from "./applied-state.ts"
import { CorruptStateError } from "./checksum.ts"
import { CorruptLogError } from "./log-recovery.ts"
import { StateDirectories } from "./state-home.ts"

let directory: string
let home: StateDirectories
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-states-"))
  home = new StateDirectories(directory)
})
afterEach(() => rm(directory, { recursive: true }))

const at = (index: number): { index: number; term: number } => ({ index, term: index === 0 ? 0 : 1 })
const position = { revision: 2, compactRevision: 0, timeMs: 5, lastLeaseId: 0 }
const configuration = { voters: [1, 2, 3], outgoing: [], learners: [] }
const checkpointAt = (index: number): Checkpoint => ({ applied: at(index), configuration, position })
const change = { key: "a", value: Buffer.from("x"), createRevision: 2, modRevision: 2, version: 1, lease: 0 }

/** A state with one key, saved at that position; its bytes, as they are sent. */
async function savedState(index: number): Promise<{ readonly state: AppliedState; readonly bytes: Buffer }> {
  const state = await home.open({ before: at(0), entries: [] })
  state.append(2, [change])
  state.putLease({ id: 7, ttlSeconds: 5, deadlineMs: 9 })
  state.putNote("n", { version: 1, value: Buffer.from("note") })
  await state.save(checkpointAt(index))
  const source = state.source()
  const chunks: Uint8Array[] = []
  for await (const chunk of source?.state.open(0) ?? []) chunks.push(chunk)
  await source?.state.close()
  return { state, bytes: Buffer.concat(chunks) }
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

describe("a state that is sent", () => {
  it("arrives as it was saved, in pieces of any size", async () => {
    const { state, bytes } = await savedState(50)
    for (const size of [1, 7, 1_000_000]) {
      const received = await home.receive(pieces(bytes, size))
      expect(received.checkpoint).toEqual(checkpointAt(50))
      for (const mvcc of [received.mvcc, received.state.load().mvcc]) {
        expect(mvcc.range({ key: "a" })).toMatchObject({ kvs: [change], revision: 2 })
        expect(mvcc.note("n")).toEqual({ version: 1, value: Buffer.from("note") })
        expect(mvcc.leaseState(7, 0)).toMatchObject({ remainingMs: 9 })
      }
      await home.remove(received.state)
    }
    await state.close()
  })

  it("is the same however often and from wherever it is read, whatever is written meanwhile", async () => {
    const { state, bytes } = await savedState(50)
    const source = state.source()
    state.append(3, [{ ...change, modRevision: 3, version: 2 }])
    await state.save(checkpointAt(51))
    for (const offset of [0, 1, 30, bytes.length]) {
      const chunks: Uint8Array[] = []
      for await (const chunk of source?.state.open(offset) ?? []) chunks.push(chunk)
      expect(Buffer.compare(Buffer.concat(chunks), bytes.subarray(offset))).toBe(0)
    }
    await source?.state.close()
    await state.close()
  })

  it("is let go of though somebody is in the middle of reading it", async () => {
    const { state } = await savedState(50)
    const values = Array.from({ length: 2_000 }, (_, sub) => ({ ...change, key: `${sub}`, modRevision: 3 }))
    state.append(3, values)
    await state.save({ ...checkpointAt(51), position: { ...position, revision: 3 } })
    const source = state.source()
    const reading = source?.state.open(0)[Symbol.asyncIterator]()
    expect((await reading?.next())?.done).toBe(false)
    await source?.state.close()
    expect((await reading?.next())?.done).toBe(true)
    await state.close()
  })

  it("is refused when a byte of it is wrong, or missing, or too many, and leaves nothing", async () => {
    const { state, bytes } = await savedState(50)
    for (let wrong = 0; wrong < bytes.length; wrong++) {
      const damaged = Buffer.from(bytes)
      damaged[wrong] = (damaged[wrong] ?? 0) ^ 1
      await expect(home.receive(pieces(damaged, 64)), `byte ${wrong}`).rejects.toThrow()
    }
    await expect(home.receive(pieces(bytes.subarray(0, -1), 64))).rejects.toThrow(CorruptStateError)
    await expect(home.receive(pieces(Buffer.concat([bytes, bytes]), 64))).rejects.toThrow(CorruptStateError)
    await expect(home.receive(pieces(Buffer.alloc(0), 64))).rejects.toThrow(CorruptStateError)
    expect(await readdir(directory)).toEqual(["state"])
    await state.close()
  })
})

type Terms = (index: number) => number

describe("which state holds after a crash", () => {
  beforeEach(async () => {
    const { state, bytes } = await savedState(50)
    await (await home.receive(pieces(bytes, 64))).state.close()
    await state.save(checkpointAt(20))
    await state.close()
  })
  const applied = async (before: number, last: number, terms: Terms = () => 1): Promise<number | undefined> => {
    const entries = Array.from({ length: last - before }, (_, place) => before + 1 + place)
    const state = await home.open({
      before: at(before),
      entries: entries.map((index) => ({ index, term: terms(index) })),
    })
    const index = state.load().checkpoint?.applied.index
    await state.close()
    return index
  }

  it("is the old one while the log goes on from that", async () => {
    expect(await applied(0, 30)).toBe(20)
    expect(await readdir(directory)).toEqual(["state"])
  })

  it("is the old one while the log has another leader's entries where the new one was saved", async () => {
    expect(await applied(0, 60, (index) => (index < 45 ? 1 : 2))).toBe(20)
    expect(await readdir(directory)).toEqual(["state"])
  })

  it("is the new one once the log was restarted after it", async () => {
    expect(await applied(50, 50)).toBe(50)
    expect(await readdir(directory)).toEqual(["state-50"])
    expect(await applied(50, 60)).toBe(50)
  })

  it("is none when the log fits neither: who starts is told so", async () => {
    await expect(applied(30, 40)).rejects.toThrow(CorruptLogError)
  })
})

it("A new member that was being sent a state when it died begins anew", async () => {
  const { state, bytes } = await savedState(50)
  await home.remove(state)
  await (await home.open({ before: at(0), entries: [] })).close()
  await (await home.receive(pieces(bytes, 64))).state.close()
  const again = await home.open({ before: at(0), entries: [] })
  expect(again.load()).toEqual({ mvcc: expect.any(Mvcc), checkpoint: undefined })
  expect(await readdir(directory)).toEqual(["state"])
  await again.close()
})
