import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { MemberId } from "#raft"
import {
  ClusterRefusalError,
  LearnerNotReadyError,
  MemberNotFoundError,
  noEnd,
  RemovedError,
  StoppedError,
  type Storage,
} from "#store"
import { MemberRig } from "./testing/member-rig.ts"

let rig: MemberRig
beforeEach(async () => {
  rig = await MemberRig.found(1)
})
afterEach(() => rig.dispose())

async function put(storage: Storage, key: string): Promise<number> {
  const success = [{ kind: "put", key, value: Buffer.from("x") }] as const
  return (await storage.txn({ compare: [], success, failure: [] })).revision
}

async function keys(storage: Storage): Promise<readonly string[]> {
  return (await storage.range({ key: noEnd, end: noEnd })).kvs.map(({ key }) => key)
}

const urls = (id: MemberId): { peerUrls: string[] } => ({ peerUrls: [`https://member-${id}.test:2380`] })
const voters = (id: MemberId): MemberId[] =>
  rig
    .of(id)
    .cluster.members()
    .filter(({ learner }) => !learner)
    .map((member) => member.id)

/** Adds a member and waits until it votes. */
async function join(through: MemberId, id: MemberId): Promise<void> {
  const added = await rig.of(through).cluster.addMember(urls(id))
  expect(added.id).toBe(id)
  await rig.start(id)
  await rig.until("it votes", () => voters(through).includes(id))
}

/** The outcome of what takes some of the simulated time. */
async function passing<Value>(promise: Promise<Value>): Promise<Value> {
  let isOver = false
  const over = (): void => {
    isOver = true
  }
  promise.then(over, over)
  await rig.until("it is over", () => isOver)
  return promise
}

describe("a cluster that grows", () => {
  it("from one member to three, which go on when the first dies", async () => {
    await put(rig.of(1), "a")
    await join(1, 2)
    await join(1, 3)
    await rig.elected()
    expect(await keys(rig.of(3))).toEqual(["a"])
    await rig.crash(1)
    const next = await rig.elected([2, 3])
    expect(await put(rig.of(next), "b")).toBe(3)
    expect(voters(next)).toEqual([1, 2, 3])
  })

  it("knows its members by what they say of themselves", async () => {
    await join(1, 2)
    const members = [
      { id: 1, name: "m1", ...urls(1), clientUrls: [], learner: false },
      { id: 2, name: "m2", ...urls(2), clientUrls: [], learner: false },
    ]
    await rig.until("the new member has told its name", () => rig.of(1).cluster.members()[1]?.name === "m2")
    expect(rig.of(2).cluster.members()).toEqual(members)
    await rig.of(2).cluster.updateMember(2, { clientUrls: ["https://two.test:2379"] })
    expect(rig.of(1).cluster.members()[1]).toMatchObject({ clientUrls: ["https://two.test:2379"] })
    expect([...(rig.network.peers.get(2)?.keys() ?? [])]).toEqual([1])
  })

  it("is as it was after all of it was stopped and started", async () => {
    await join(1, 2)
    await put(rig.of(2), "a")
    for (const id of [1, 2]) await rig.of(id).close()
    for (const id of [1, 2]) await rig.start(id)
    const leader = await rig.elected()
    expect(voters(leader)).toEqual([1, 2])
    expect(await keys(rig.of(leader))).toEqual(["a"])
  })

  it("gives a vote to a learner only when it is told to, and when it has caught up", async () => {
    await rig.of(1).cluster.addMember({ ...urls(2), learner: true })
    await expect(rig.of(1).cluster.promote(2)).rejects.toThrow(LearnerNotReadyError)
    await rig.start(2)
    await rig.advance(5_000)
    expect(voters(1)).toEqual([1])
    await rig.of(2).cluster.promote(2)
    expect(voters(1)).toEqual([1, 2])
    await expect(rig.of(1).cluster.promote(2)).rejects.toThrow(ClusterRefusalError)
  })

  it("writes and reads while a learner is down", async () => {
    await rig.of(1).cluster.addMember({ ...urls(2), learner: true })
    expect(await put(rig.of(1), "a")).toBe(2)
    expect(await keys(rig.of(1))).toEqual(["a"])
  })
})

describe("a cluster that shrinks", () => {
  beforeEach(async () => {
    await join(1, 2)
    await join(1, 3)
  })

  it("tells who was removed, which stops serving and says why", async () => {
    await rig.of(2).cluster.removeMember(3)
    expect(voters(1)).toEqual([1, 2])
    await rig.until("it knows", () => rig.member(3).failure !== undefined)
    await expect(keys(rig.of(3))).rejects.toThrow(StoppedError)
    await expect(put(rig.of(3), "a")).rejects.toThrow("was removed from its cluster")
    expect(rig.member(3).failure).toBeInstanceOf(RemovedError)
    expect(await put(rig.of(2), "a")).toBe(2)
  })

  it("goes on when its leader is removed", async () => {
    await rig.of(1).cluster.transferLeadership(1)
    const leader = await rig.elected()
    await rig.of(leader).cluster.removeMember(leader)
    const left = [1, 2, 3].filter((id) => id !== leader)
    const next = await rig.elected(left)
    expect(voters(next)).toEqual(left)
    expect(await put(rig.of(next), "a")).toBe(2)
    await expect(put(rig.of(leader), "b")).rejects.toThrow(StoppedError)
  })

  it("tells a member that was removed while it could not be reached, as soon as it can", async () => {
    const leader = await rig.elected()
    const [gone = 0] = rig.followers(leader)
    rig.network.cutOff(gone)
    await rig.advance(3_000)
    await passing(rig.of(leader).cluster.removeMember(gone))
    await rig.advance(3_000)
    rig.network.heal()
    await rig.until("it knows", () => rig.member(gone).failure !== undefined)
    await expect(put(rig.of(gone), "a")).rejects.toThrow("was removed from its cluster")
  })

  it("never gives a number again", async () => {
    await rig.of(1).cluster.removeMember(3)
    expect((await rig.of(1).cluster.addMember(urls(3))).id).toBe(4)
  })

  it("does not let go of a majority that lives", async () => {
    const leader = await rig.elected()
    const [down = 0, up = 0] = rig.followers(leader)
    rig.network.cutOff(down)
    await rig.advance(3_000)
    await expect(rig.of(leader).cluster.removeMember(up)).rejects.toThrow("which is no majority")
    expect(voters(leader)).toEqual([1, 2, 3])
  })

  it("refuses what makes no sense", async () => {
    await expect(rig.of(2).cluster.removeMember(9)).rejects.toThrow(MemberNotFoundError)
    await expect(rig.of(2).cluster.promote(9)).rejects.toThrow(MemberNotFoundError)
    await expect(rig.of(2).cluster.addMember(urls(1))).rejects.toThrow("is there already")
    await expect(rig.of(1).cluster.transferLeadership(9)).rejects.toThrow(ClusterRefusalError)
  })
})

it("A member whose log is damaged does not start, and is rebuilt from its peers as a new one", async () => {
  await join(1, 2)
  await join(1, 3)
  for (let at = 0; at < 20; at++) await put(rig.of(1), `key-${at}`)
  await rig.of(3).close()
  rig.member(3).storage = undefined
  const { files } = rig.member(3).disk
  const [name = "", bytes = Buffer.alloc(0)] =
    [...files].findLast(([, content]) => content.some((byte) => byte !== 0)) ?? []
  files.set(name, bytes.fill(0xff, 700, 710))
  await expect(rig.start(3)).rejects.toThrow(/remove it from the cluster.*join it as a new member/)
  rig.forget(3)
  await rig.elected()
  await passing(rig.of(1).cluster.removeMember(3))
  await join(1, 4)
  expect(await keys(rig.of(4))).toHaveLength(20)
})

describe("leadership", () => {
  it("goes to whom it is given, and writes do not wait for an election", async () => {
    await join(1, 2)
    await join(1, 3)
    const leader = await rig.elected()
    for (const to of rig.followers(leader)) {
      const writes = Promise.all(Array.from({ length: 10 }, (_, at) => put(rig.of(1), `${to}-${at}`)))
      await passing(rig.of(1).cluster.transferLeadership(to))
      expect(await rig.elected()).toBe(to)
      await passing(writes)
    }
    expect(await keys(rig.of(1))).toHaveLength(20)
  })

  it("is told of as it changes", async () => {
    await join(1, 2)
    const seen: MemberId[] = []
    const end = rig.of(1).cluster.onChange(() => seen.push(rig.of(1).cluster.leader()))
    await passing(rig.of(1).cluster.transferLeadership(2))
    await rig.elected()
    end()
    expect(seen.at(-1)).toBe(2)
    const { length } = seen
    await passing(rig.of(1).cluster.transferLeadership(1))
    expect(seen).toHaveLength(length)
  })

  it("cannot be had by a store that was started as one that none can join", async () => {
    const { createMemoryStorage } = await import("#store")
    await expect(createMemoryStorage({ clock: rig.clock }).cluster.addMember(urls(2))).rejects.toThrow(
      ClusterRefusalError,
    )
  })
})
