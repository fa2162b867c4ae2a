import { randomBytes } from "node:crypto"
import { type Clock, systemClock } from "@wick/sdk/clock"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { chunkSizeMax, snapshotAbandonedMs, snapshotWindow } from "./limits.ts"
import { inPieces } from "./snapshot-sender.ts"
import { Authority, introduce, snapshotMessage, stateOf, TestMember } from "./testing/member.ts"
import { TcpProxy } from "./testing/tcp-proxy.ts"

const never = new AbortController().signal
let stack: AsyncDisposableStack
let authority: Authority
let one: TestMember
let two: TestMember
let proxy: TcpProxy

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  authority = stack.use(await Authority.make())
  one = stack.use(await TestMember.start(authority, 1))
  two = stack.use(await TestMember.start(authority, 2))
  proxy = stack.use(await TcpProxy.to(two.url))
  introduce(one, two, proxy.url)
})
afterEach(() => stack.disposeAsync())

describe("a snapshot", () => {
  it("arrives as it was", async () => {
    const bytes = randomBytes(3 * chunkSizeMax + 17)
    await one.transport.sendSnapshot(snapshotMessage(1, 2), stateOf(bytes), never)
    expect(two.states).toEqual([{ message: snapshotMessage(1, 2), bytes }])
  })

  it("goes on where it broke off", async () => {
    const bytes = randomBytes(12 * chunkSizeMax)
    const state = stateOf(bytes)
    proxy.breakAfter(6 * chunkSizeMax)
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(two.states[0]?.bytes.equals(bytes)).toBe(true)
    expect(state.opened).toHaveLength(2)
    expect(state.opened[1]).toBeGreaterThan(2 * chunkSizeMax)
  })

  it("is not sent again when only the word that it was taken in got lost", async () => {
    const state = stateOf(randomBytes(chunkSizeMax))
    two.takeIn = async () => proxy.breakAll()
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(two.states).toHaveLength(1)
    expect(state.opened).toEqual([0])
  })

  it("is taken in as it comes, before all of it is here", async () => {
    const bytes = randomBytes(8 * chunkSizeMax)
    const state = {
      ...stateOf(bytes),
      async *open() {
        yield bytes.subarray(0, 4 * chunkSizeMax)
        await expect.poll(() => two.taken).toBe(4 * chunkSizeMax)
        yield bytes.subarray(4 * chunkSizeMax)
      },
    }
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(two.states[0]?.bytes.equals(bytes)).toBe(true)
  })

  it("of which the receiver has all already is not sent any further", async () => {
    two.needs = false
    let read = 0
    const state = {
      ...stateOf(Buffer.alloc(0)),
      async *open() {
        for (; read < 1000; read++) yield Buffer.alloc(chunkSizeMax)
      },
    }
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(read).toBeLessThan(100)
  })

  it("whose member fails in the middle is not sent any further", async () => {
    two.takesAtMost = 2 * chunkSizeMax
    const state = stateOf(randomBytes(20 * chunkSizeMax))
    const sending = one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    await expect(sending).rejects.toThrow("the peer did not take the state: disk full")
    expect(state.opened).toEqual([0])
  })

  it("is never further ahead of the receiver than the window", async () => {
    const bytes = randomBytes(16 * chunkSizeMax)
    const passedAt: number[] = []
    const state = {
      ...stateOf(bytes),
      async *open() {
        for (let at = 0; at < bytes.length; at += chunkSizeMax) {
          passedAt.push(at - proxy.passed)
          yield bytes.subarray(at, at + chunkSizeMax)
        }
      },
    }
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(Math.max(...passedAt)).toBeLessThanOrEqual(snapshotWindow + chunkSizeMax)
  })

  it("fails with the receiver's reason, and is not tried again", async () => {
    two.takeIn = () => Promise.reject(new Error("disk full"))
    const state = stateOf(randomBytes(1000))
    const sending = one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    await expect(sending).rejects.toThrow("the peer did not take the state: disk full")
    expect(state.opened).toEqual([0])
    two.takeIn = async () => {}
    await one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    expect(two.states).toHaveLength(1)
  })

  it("fails when nobody is reached, after a few attempts", async () => {
    proxy.cut()
    await expect(one.transport.sendSnapshot(snapshotMessage(1, 2), stateOf(randomBytes(10)), never)).rejects.toThrow()
    expect(await one.metrics.text()).toContain('etcd_network_snapshot_send_failures{To="2"} 1')
  })

  it("is given up when the sender no longer wants it, and another can come", async () => {
    const giveUp = new AbortController()
    const bytes = randomBytes(4 * chunkSizeMax)
    const state = {
      ...stateOf(bytes),
      async *open() {
        yield bytes.subarray(0, chunkSizeMax)
        giveUp.abort(new Error("leads no more"))
        yield bytes.subarray(chunkSizeMax)
      },
    }
    await expect(one.transport.sendSnapshot(snapshotMessage(1, 2), state, giveUp.signal)).rejects.toThrow()
    await one.transport.sendSnapshot(snapshotMessage(1, 2), stateOf(bytes), never)
    expect(two.states.map((each) => each.bytes.equals(bytes))).toEqual([true])
  })

  it("whose sender does not come back is let go", async () => {
    const timer: Clock["timer"] = (ms, callback) => systemClock.timer(ms === snapshotAbandonedMs ? 1 : ms, callback)
    const three = stack.use(await TestMember.start(authority, 3, { clock: { ...systemClock, timer } }))
    introduce(one, three)
    const giveUp = new AbortController()
    const state = {
      ...stateOf(Buffer.alloc(0)),
      async *open() {
        yield randomBytes(chunkSizeMax)
        await expect.poll(() => three.taken).toBe(chunkSizeMax)
        giveUp.abort(new Error("leads no more"))
      },
    }
    await expect(one.transport.sendSnapshot(snapshotMessage(1, 3), state, giveUp.signal)).rejects.toThrow()
    const failed = 'etcd_network_snapshot_receive_failures{From="1"} 1'
    await expect.poll(() => three.metrics.text()).toContain(failed)
  })

  it("is noticed to be stuck when the receiver freezes", async () => {
    const bytes = randomBytes(4 * chunkSizeMax)
    const state = {
      ...stateOf(bytes),
      async *open() {
        yield bytes
        proxy.silence()
        yield bytes
      },
    }
    const sending = one.transport.sendSnapshot(snapshotMessage(1, 2), state, never)
    await expect(sending).rejects.toThrow(/was not answered|did not answer/)
  }, 30_000)
})

it("pieces have one size, whatever the sizes in which a state comes", async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10, 1)
    yield Buffer.alloc(2 * chunkSizeMax, 2)
    yield Buffer.alloc(5, 3)
  }
  const pieces = await Array.fromAsync(inPieces(chunks()))
  expect(pieces.map(({ length }) => length)).toEqual([chunkSizeMax, chunkSizeMax, 15])
  expect(Buffer.concat(pieces)).toEqual(Buffer.concat(await Array.fromAsync(chunks())))
})
