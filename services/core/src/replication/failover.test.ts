import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { MemberId } from "#raft"
import { NotLeaderError, noEnd, type Storage, type StoreEvent, UnavailableError } from "#store"
import { MemberRig } from "./testing/member-rig.ts"

let rig: MemberRig
let leader: MemberId
let follower: MemberId
let other: MemberId

beforeEach(async () => {
  rig = await MemberRig.found(3)
  leader = await rig.elected()
  const [first = 0, second = 0] = rig.followers(leader)
  follower = first
  other = second
})
afterEach(() => rig.dispose())

async function put(storage: Storage, key: string, value = "x", lease = 0): Promise<number> {
  const success = [{ kind: "put", key, value: Buffer.from(value), lease }] as const
  return (await storage.txn({ compare: [], success, failure: [] })).revision
}

async function keys(storage: Storage, serializable = false): Promise<readonly string[]> {
  return (await storage.range({ key: noEnd, end: noEnd, serializable })).kvs.map(({ key }) => key)
}

/** The outcome of a promise, once there is one. */
function outcome<Value>(promise: Promise<Value>): { readonly get: () => Value | Error | undefined } {
  let settled: Value | Error | undefined
  promise.then(
    (value) => {
      settled = value
    },
    (error: Error) => {
      settled = error
    },
  )
  return { get: () => settled }
}

describe("three members", () => {
  it("are one store: what one writes, each of them reads", async () => {
    await put(rig.of(leader), "a")
    await put(rig.of(follower), "b")
    for (const id of [leader, follower, other]) expect(await keys(rig.of(id))).toEqual(["a", "b"])
  })

  it("write on when the leader dies, within three seconds, and have all that was acknowledged", async () => {
    await put(rig.of(leader), "before")
    const diedMs = rig.clock.now()
    await rig.crash(leader)
    const written = outcome(put(rig.of(follower), "after"))
    await rig.until("the write is answered", () => written.get() !== undefined)
    expect(written.get()).toBe(3)
    expect(rig.clock.now() - diedMs).toBeLessThanOrEqual(3_000)
    expect(await keys(rig.of(other))).toEqual(["after", "before"])
  })

  it("take a member back that was down meanwhile", async () => {
    await rig.crash(leader)
    const next = await rig.elected([follower, other])
    await put(rig.of(next), "a")
    rig.network.heal()
    await rig.start(leader)
    await rig.elected()
    expect(await keys(rig.of(leader))).toEqual(["a"])
  })

  it("hand the lead over when the leader closes: nobody waits for an election", async () => {
    await rig.of(leader).close()
    rig.member(leader).storage = undefined
    expect(await put(rig.of(follower), "a")).toBe(2)
  })

  it("without a majority neither write nor read, and say that nothing was done", async () => {
    rig.network.cutOff(leader)
    rig.network.cutOff(other)
    await rig.advance(5_000)
    const write = outcome(put(rig.of(follower), "a"))
    const read = outcome(keys(rig.of(follower)))
    await rig.advance(6_000)
    expect(write.get()).toBeInstanceOf(NotLeaderError)
    expect(read.get()).toBeInstanceOf(NotLeaderError)
    expect(await keys(rig.of(follower), true)).toEqual([])
  })
})

describe("a leader that was cut off", () => {
  it("answers no read from what it has, and no write, and does not say that a write was not made", async () => {
    rig.network.cutOff(leader)
    const read = outcome(keys(rig.of(leader)))
    const write = outcome(put(rig.of(leader), "lost"))
    const next = await rig.elected([follower, other])
    await put(rig.of(next), "new")
    await rig.advance(6_000)
    expect(read.get()).toBeInstanceOf(NotLeaderError)
    expect(write.get()).toBeInstanceOf(UnavailableError)
  })

  it("when it is back in time makes its writes anew, once it is certain that they were not made", async () => {
    rig.network.cutOff(leader)
    const write = outcome(put(rig.of(leader), "a"))
    await rig.elected([follower, other])
    rig.network.heal()
    await rig.until("the write is answered", () => write.get() !== undefined)
    expect(write.get()).toBe(2)
    expect(await keys(rig.of(follower))).toEqual(["a"])
  })

  it("answers a write of its that was made after all, once", async () => {
    // The followers get the write, the leader does not hear that they have it.
    rig.network.loses = ({ to, type }) => to === leader && type === "append-accepted"
    const write = outcome(put(rig.of(leader), "a"))
    await rig.advance(50)
    rig.network.cutOff(leader)
    await rig.elected([follower, other])
    rig.network.heal()
    await rig.until("the write is answered", () => write.get() !== undefined)
    expect(write.get()).toBe(2)
    expect((await rig.of(other).range({ key: "a" })).kvs[0]).toMatchObject({ version: 1, modRevision: 2 })
  })
})

describe("a write that a follower hands on", () => {
  it("is answered though the leader's answer is lost, for the follower sees it itself", async () => {
    rig.network.losesAnswer = () => true
    expect(await put(rig.of(follower), "a")).toBe(2)
  })

  it("is made once though the leader dies with it in its log", async () => {
    // Nobody else has the entry; it is gone with the leader, and the follower hands it to the next one.
    rig.network.loses = ({ from, type }) => from === leader && type === "append"
    const write = outcome(put(rig.of(follower), "a"))
    await rig.advance(50)
    expect(write.get()).toBeUndefined()
    await rig.crash(leader)
    await rig.until("the write is answered", () => write.get() !== undefined)
    expect(write.get()).toBe(2)
    expect((await rig.of(other).range({ key: "a" })).kvs[0]).toMatchObject({ version: 1 })
  })

  it("has told the follower's watchers before it is answered", async () => {
    const seen: StoreEvent[] = []
    rig.of(follower).watch(
      { key: "a" },
      {
        onBatch: ({ events }) => seen.push(...events),
        onEnd: () => {},
      },
    )
    await put(rig.of(follower), "a")
    expect(seen).toHaveLength(1)
  })
})

describe("leases", () => {
  it("outlive a change of leader, and are never over early", async () => {
    const { id } = await rig.of(leader).grantLease(10)
    await put(rig.of(leader), "mortal", "x", id)
    const grantedMs = rig.clock.now()
    await rig.advance(6_000)
    await rig.crash(leader)
    const next = await rig.elected([follower, other])
    await rig.advance(grantedMs + 9_900 - rig.clock.now())
    expect(await keys(rig.of(next))).toEqual(["mortal"])
    await rig.until("the lease is over", async () => (await keys(rig.of(next))).length === 0)
    expect(rig.clock.now() - grantedMs).toBeLessThan(20_000)
  })

  it("can be granted and kept alive through a follower", async () => {
    const { id } = await rig.of(follower).grantLease(10)
    await rig.advance(9_000)
    await rig.of(other).keepLeaseAlive(id)
    await rig.advance(9_000)
    expect(rig.of(leader).lease(id)?.remainingMs).toBe(1_000)
    await rig.advance(1_100)
    expect(rig.of(leader).leases()).toEqual([])
  })
})

describe("a full disk", () => {
  it("of the leader: another leads and takes the writes", async () => {
    rig.member(leader).disk.isFull = true
    const big = "x".repeat(500_000)
    for (let at = 0; at < 40; at++) {
      const write = outcome(put(rig.of(follower), `key-${at}`, big))
      await rig.until("the write is answered", () => write.get() !== undefined)
      expect(write.get()).toBe(at + 2)
    }
    expect(rig.of(follower).cluster.leader()).not.toBe(leader)
    expect(await keys(rig.of(other))).toHaveLength(40)
  })
})
