import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import type { MemberId } from "#raft"
import { CompactedError, noEnd, type Storage, type StoreEvent } from "#store"
import type { StateHome } from "./applied-state.ts"
import { openMember } from "./open-member.ts"
import { SimulatedDisk } from "./simulated-disk.ts"
import { StateDirectories } from "./state-home.ts"
import { MemberRig } from "./testing/member-rig.ts"

let rig: MemberRig
let leader: MemberId
let late: MemberId

beforeEach(async () => {
  rig = await MemberRig.found(3, { keptEntriesMax: 20 })
  leader = await rig.elected()
  const [follower = 0] = rig.followers(leader)
  late = follower
})
afterEach(() => rig.dispose())

async function put(storage: Storage, key: string, value: string, lease = 0): Promise<number> {
  const success = [{ kind: "put", key, value: Buffer.from(value), lease }] as const
  return (await storage.txn({ compare: [], success, failure: [] })).revision
}

async function contents(storage: Storage): Promise<Record<string, string>> {
  const { kvs } = await storage.range({ key: noEnd, end: noEnd, serializable: true })
  return Object.fromEntries(kvs.map(({ key, value }) => [key, Buffer.from(value).toString()]))
}

/** More than the log is kept for: time passes between, in which the state is saved. */
async function writeMuch(): Promise<void> {
  for (let at = 0; at < 100; at++) await put(rig.of(leader), `key-${at % 30}`, `value-${at}`)
  await rig.advance(6_000)
  for (let at = 0; at < 100; at++) await put(rig.of(leader), `key-${at % 30}`, `later-${at}`)
}

const caughtUp = (id: MemberId): Promise<void> =>
  rig.until("it has everything", () => rig.of(id).currentRevision() === rig.of(leader).currentRevision())

describe("a member that was away", () => {
  it("for a little while is sent what it lacks of the log", async () => {
    rig.network.cutOff(late)
    for (let at = 0; at < 8; at++) await put(rig.of(leader), "a", `${at}`)
    rig.network.heal()
    await caughtUp(late)
    expect(rig.network.snapshots).toBe(0)
    expect(await contents(rig.of(late))).toEqual({ a: "7" })
  })

  it("for long is sent the whole state, and goes on from there like any other", async () => {
    const { id } = await rig.of(leader).grantLease(3600)
    rig.network.cutOff(late)
    await put(rig.of(leader), "leased", "x", id)
    await rig.of(leader).setNote("n", Buffer.from("noted"), 0)
    await writeMuch()
    rig.network.heal()
    await caughtUp(late)
    expect(rig.network.snapshots).toBe(1)
    expect(await contents(rig.of(late))).toEqual(await contents(rig.of(leader)))
    expect(rig.of(late).kept(0, 1_000)).toEqual(rig.of(leader).kept(0, 1_000))
    expect(rig.of(late).note("n")).toEqual({ version: 1, value: Buffer.from("noted") })
    expect(rig.of(late).lease(id)?.keys).toEqual(["leased"])
    await put(rig.of(late), "after", "y")
    expect(await contents(rig.of(late))).toMatchObject({ after: "y" })
  })

  it("keeps what it was sent over a restart", async () => {
    rig.network.cutOff(late)
    await writeMuch()
    rig.network.heal()
    await caughtUp(late)
    const before = await contents(rig.of(late))
    await rig.of(late).close()
    rig.network.cutOff(late)
    await rig.start(late)
    rig.network.heal()
    await caughtUp(late)
    expect(await contents(rig.of(late))).toEqual(before)
    expect(rig.network.snapshots).toBe(1)
  })

  it("can be the leader of what it was sent", async () => {
    rig.network.cutOff(late)
    await writeMuch()
    rig.network.heal()
    await caughtUp(late)
    const moved = rig.of(leader).cluster.transferLeadership(late)
    await rig.until("it leads", () => rig.of(late).cluster.leader() === late)
    await moved
    expect(await put(rig.of(leader), "a", "b")).toBe(202)
  })

  it("is sent the state again when it could not be brought the first time", async () => {
    rig.network.cutOff(late)
    await writeMuch()
    rig.network.heal()
    rig.network.loses = ({ type }) => type === "snapshot"
    await rig.advance(3_000)
    expect(rig.network.snapshots).toBe(0)
    rig.network.heal()
    await caughtUp(late)
    expect(rig.network.snapshots).toBe(1)
  })
})

describe("watches on a member that is sent the whole state", () => {
  it("have no gap and no repeat", async () => {
    const revisions: number[] = []
    const onBatch = ({ events }: { events: readonly StoreEvent[] }): void => {
      for (const event of events) if (event.kind === "put") revisions.push(event.kv.modRevision)
    }
    await put(rig.of(leader), "key-0", "first")
    rig.of(late).watch({ key: noEnd, end: noEnd, fromRevision: 1 }, { onBatch, onEnd: () => {} })
    rig.of(late).watch({ key: noEnd, end: noEnd, fromRevision: 150 }, { onBatch: () => {}, onEnd: () => {} })
    rig.network.cutOff(late)
    await writeMuch()
    rig.network.heal()
    await caughtUp(late)
    await rig.advance(100)
    await put(rig.of(leader), "key-0", "last")
    expect(revisions).toEqual(Array.from({ length: 202 }, (_, at) => at + 2))
  })

  it("end when the history that they lack is compacted", async () => {
    const ended = new Promise((resolve) => {
      rig.of(late).watch({ key: noEnd, end: noEnd }, { onBatch: () => {}, onEnd: resolve })
    })
    rig.network.cutOff(late)
    await writeMuch()
    await rig.of(leader).compact(150)
    await rig.advance(6_000)
    for (let at = 0; at < 40; at++) await put(rig.of(leader), "a", `${at}`)
    rig.network.heal()
    await caughtUp(late)
    expect(await ended).toBeInstanceOf(CompactedError)
  })
})

describe("a crash while a whole state comes", () => {
  /** What would be left of a member if it died now. */
  async function image(id: MemberId): Promise<{ readonly disk: SimulatedDisk; readonly directory: string }> {
    const root = await mkdtemp(join(tmpdir(), "wick-image-"))
    onTestFinished(() => rm(root, { recursive: true }))
    const disk = new SimulatedDisk()
    for (const [name, bytes] of rig.member(id).disk.files) disk.files.set(name, Buffer.from(bytes))
    await cp(rig.member(id).directory, root, { recursive: true })
    return { disk, directory: root }
  }

  /** What a member that starts on this has, hearing of nobody. */
  async function startedOn({ disk, directory }: Awaited<ReturnType<typeof image>>): Promise<Record<string, string>> {
    const { storage } = await openMember({
      disk,
      states: new StateDirectories(directory),
      clock: new SimulatedClock(),
      random: seededRandom(1),
      log: silentLog,
      membership: {
        id: late,
        address: { name: "", peerUrls: [], clientUrls: [] },
        founders: [1, 2, 3],
        peers: new Map(),
        connect: () => ({
          send: () => {},
          sendSnapshot: () => Promise.reject(new Error("nobody is there")),
          call: () => Promise.reject(new Error("nobody is there")),
          setPeers: () => {},
          close: async () => {},
        }),
      },
    })
    const found = await contents(storage)
    await storage.close()
    return found
  }

  it("leaves the old state or the new one, at whatever moment it comes", async () => {
    await put(rig.of(leader), "old", "state")
    await rig.advance(6_000) // saved
    rig.network.cutOff(late)
    await writeMuch()
    const images: Record<string, Awaited<ReturnType<typeof image>>> = {}
    const { receive, remove } = StateDirectories.prototype
    onTestFinished(() => void Object.assign(StateDirectories.prototype, { receive, remove }))
    Object.assign(StateDirectories.prototype, {
      async receive(this: StateHome, chunks: AsyncIterable<Uint8Array>) {
        images.before = await image(late)
        const received = await receive.call(
          this as StateDirectories,
          (async function* () {
            for await (const chunk of chunks) {
              yield chunk.subarray(0, chunk.length / 2)
              images.half ??= await image(late)
              yield chunk.subarray(chunk.length / 2)
            }
          })(),
        )
        images.received = await image(late)
        return received
      },
      async remove(this: StateHome, state: Parameters<StateHome["remove"]>[0]) {
        images.installed = await image(late)
        await remove.call(this as StateDirectories, state)
      },
    })
    rig.network.heal()
    await caughtUp(late)
    await rig.until("the old state is gone", () => images.installed !== undefined)
    images.after = await image(late)
    const old = { old: "state" }
    const { before, half, received, installed, after } = images
    expect(before && (await startedOn(before))).toEqual(old)
    expect(half && (await startedOn(half))).toEqual(old)
    expect(received && (await startedOn(received))).toEqual(old)
    const present = await contents(rig.of(leader))
    const found = [installed && (await startedOn(installed)), after && (await startedOn(after))]
    for (const each of found) expect(Object.keys(each ?? {}).sort()).toEqual(Object.keys(present).sort())
  })
})
