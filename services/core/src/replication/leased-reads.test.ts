import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { MemberId } from "#raft"
import { noEnd, type Storage } from "#store"
import { MemberRig } from "./testing/member-rig.ts"

let rig: MemberRig
let leader: MemberId

async function put(storage: Storage, key: string): Promise<void> {
  await storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from("x") }], failure: [] })
}

async function keys(storage: Storage): Promise<readonly string[]> {
  return (await storage.range({ key: noEnd, end: noEnd })).kvs.map(({ key }) => key)
}

/** Messages that pass while `work` is under way. */
async function messagesOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  rig.network.loses = () => {
    count++
    return false
  }
  await work()
  return count
}

describe("members that trust each other's clocks", () => {
  beforeEach(async () => {
    rig = await MemberRig.found(3, {}, 1.1)
    leader = await rig.elected()
    await put(rig.of(leader), "a")
    await rig.advance(500)
  })
  afterEach(() => rig.dispose())

  it("read at their leader without a message", async () => {
    expect(await messagesOf(async () => expect(await keys(rig.of(leader))).toEqual(["a"]))).toBe(0)
  })

  it("get no answer from a leader that was cut off, once another may lead", async () => {
    rig.network.cutOff(leader)
    const others = rig.followers(leader)
    const next = await rig.elected(others)
    await put(rig.of(next), "b")
    let answer: readonly string[] | undefined
    const read = keys(rig.of(leader)).then(
      (found) => {
        answer = found
      },
      () => undefined,
    )
    await rig.advance(6_000)
    await read
    expect(answer).toBeUndefined()
  })
})

describe("members that do not", () => {
  beforeEach(async () => {
    rig = await MemberRig.found(3)
    leader = await rig.elected()
  })
  afterEach(() => rig.dispose())

  it("ask the others at each read, once for all that wait", async () => {
    const count = await messagesOf(() => Promise.all(Array.from({ length: 50 }, () => keys(rig.of(leader)))))
    expect(count).toBeGreaterThanOrEqual(4)
    expect(count).toBeLessThanOrEqual(8)
  })
})
