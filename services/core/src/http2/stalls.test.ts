import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { type Behind, Stalls } from "./stalls.ts"
import { head, windowUpdate } from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

/** An answer of which so much waits. */
const waiting = (unread: number): { written: number; unread: number } => ({ written: unread, unread })

describe("answers that wait", () => {
  it("are cut when nothing of them was taken for the whole time, and not when their client is slow", async () => {
    const clock = new SimulatedClock()
    const cut: Behind[] = []
    const stalls = new Stalls<Behind>(clock, 60_000, (answer) => cut.push(answer))
    const [stopped, slow] = [waiting(1_000), waiting(1_000)]
    for (const each of [stopped, slow]) stalls.mind(each)
    await clock.advance(59_000)
    expect(cut).toEqual([])
    for (let minute = 0; minute < 10; minute++) {
      slow.unread -= 1
      await clock.advance(50_000)
    }
    expect(cut).toEqual([stopped])
    await clock.advance(60_000)
    expect(cut).toEqual([stopped, slow])
  })

  it("are looked at only while there are any", async () => {
    const clock = new SimulatedClock()
    let timers = 0
    const counted = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
      timer: (ms: number, callback: () => void) => {
        timers++
        return clock.timer(ms, callback)
      },
    }
    const stalls = new Stalls<Behind>(counted, 60_000, () => expect.unreachable())
    const answer = waiting(1_000)
    stalls.mind(answer)
    stalls.mind(answer)
    answer.unread = 0
    await clock.advance(600_000)
    expect(timers).toBe(1)
  })
})

describe("a client that stops reading", () => {
  it("has that stream reset after a minute, and its others go on", async () => {
    const stalled: number[] = []
    const client = await RawClient.open({ onStalled: (unread) => stalled.push(unread) })
    await client.send(windowUpdate(0, 1_000_000), head(1), head(3))
    const [stopped, reading] = client.streams
    for (const stream of client.streams) {
      stream.respond([":status", "200"])
      stream.write(Buffer.alloc(100_000))
    }
    await client.told()
    expect(stopped?.unread).toBe(100_000 - 65_535)
    await client.clock.advance(45_000)
    await client.send(windowUpdate(3, 10_000))
    await client.clock.advance(14_000)
    expect(stalled).toEqual([])
    await client.clock.advance(1_000)
    expect(await client.told()).toEqual(["RST_STREAM 1 enhanceYourCalm"])
    expect([stalled, stopped?.unread, stopped?.isClosed, reading?.isClosed]).toEqual([[34_465], 0, true, false])
  })

  it("holds nothing when its socket takes nothing either", async () => {
    const client = await RawClient.open({}, [4, 1_000_000])
    await client.send(windowUpdate(0, 1_000_000), head(1))
    client.socket.isStuck = true
    client.stream().respond([":status", "200"])
    client.stream().write(Buffer.alloc(900_000))
    await client.told()
    expect(client.connection.unread).toBeGreaterThan(500_000)
    await client.clock.advance(60_000)
    expect(client.connection.unread).toBe(0)
  })
})
