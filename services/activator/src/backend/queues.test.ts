import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { type Deadlined, DeadlineQueue } from "./deadline-queue.ts"
import { LoadMeter } from "./load-meter.ts"
import { choosePod } from "./pod-choice.ts"
import { type InLine, WaitLine } from "./wait-line.ts"

class Item implements InLine<Item>, Deadlined<Item> {
  lineBefore: Item | undefined
  lineAfter: Item | undefined
  inLine = false
  deadlineBefore: Item | undefined
  deadlineAfter: Item | undefined
  deadlineMs = 0
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

describe("a line of waiting requests", () => {
  it("serves in order of arrival, without those that have left", () => {
    const line = new WaitLine<Item>()
    const items = ["a", "b", "c", "d"].map((name) => new Item(name))
    for (const item of items) line.push(item)
    line.remove(items[1] as Item)
    line.remove(items[1] as Item)
    line.pushFront(new Item("first"))
    const served: string[] = []
    for (let item = line.shift(); item; item = line.shift()) served.push(item.name)
    expect(served).toEqual(["first", "a", "c", "d"])
    expect(line.size).toBe(0)
  })
})

describe("deadlines", () => {
  it("expire each at its time, by one timer", async () => {
    const clock = new SimulatedClock(0)
    const expired: string[] = []
    const queue = new DeadlineQueue<Item>(clock, 100, ({ name }) => expired.push(`${name}@${clock.now()}`))
    const [a, b, c] = [new Item("a"), new Item("b"), new Item("c")]
    queue.add(a, clock.now())
    await clock.advance(40)
    queue.add(b, clock.now())
    await clock.advance(40)
    queue.add(c, clock.now())
    queue.remove(a)
    await clock.advance(1000)
    expect(expired).toEqual(["b@140", "c@180"])
  })
})

describe("a load meter", () => {
  it("weighs concurrency by the time that it lasted", () => {
    const meter = new LoadMeter(0)
    meter.enter(0)
    meter.enter(500)
    meter.leave(750)
    expect(meter.read(1000)).toEqual({ areaMs: 1250, requests: 2 })
    expect(meter.read(2000)).toEqual({ areaMs: 1000, requests: 0 })
    meter.leave(2000)
    expect(meter.read(3000)).toEqual({ areaMs: 0, requests: 0 })
  })
})

describe("choosing a pod", () => {
  const random = seededRandom(7)

  it("keeps a hundred pods nearly even with two looks each", () => {
    const pods = Array.from({ length: 100 }, () => ({ inFlight: 0 }))
    for (let i = 0; i < 1000; i++) {
      const pod = choosePod(pods, 0, random)
      if (pod) pod.inFlight++
    }
    expect(Math.max(...pods.map(({ inFlight }) => inFlight))).toBeLessThanOrEqual(13)
    expect(Math.min(...pods.map(({ inFlight }) => inFlight))).toBeGreaterThanOrEqual(6)
  })

  it("always finds the one free pod among many full ones", () => {
    const free = { inFlight: 0 }
    const pods = [...Array.from({ length: 50 }, () => ({ inFlight: 1 })), free]
    for (let i = 0; i < 100; i++) expect(choosePod(pods, 1, random)).toBe(free)
  })

  it("finds none where all are full, or there is none", () => {
    expect(choosePod([{ inFlight: 2 }, { inFlight: 2 }], 2, random)).toBeUndefined()
    expect(choosePod([{ inFlight: 2 }], 2, random)).toBeUndefined()
    expect(choosePod([], 0, random)).toBeUndefined()
  })
})
