import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { type Deadlined, DeadlineQueue } from "./deadline-queue.ts"
import { LoadMeter } from "./load-meter.ts"
import { type InLine, WaitLine } from "./wait-line.ts"

class Item implements InLine<Item>, Deadlined<Item> {
  lineBefore: Item | undefined
  lineAfter: Item | undefined
  inLine = false
  deadlineBefore: Item | undefined
  deadlineAfter: Item | undefined
  deadlineMs = 0
  readonly name: string
  readonly startedMs: number
  constructor(name: string, startedMs = 0) {
    this.name = name
    this.startedMs = startedMs
  }
}

describe("a line of waiting requests", () => {
  it("serves in order of arrival, without those that have left", () => {
    const line = new WaitLine<Item>()
    const items = ["a", "b", "c", "d"].map((name) => new Item(name))
    for (const item of items) line.push(item)
    line.remove(items[1] as Item)
    line.remove(items[1] as Item)
    const served: string[] = []
    for (let item = line.shift(); item; item = line.shift()) served.push(item.name)
    expect(served).toEqual(["a", "c", "d"])
    expect(line.size).toBe(0)
  })
})

describe("who comes back into the line", () => {
  it("stands before all that came later, and behind those that came back and are older", () => {
    const line = new WaitLine<Item>()
    for (const at of [4, 5, 6]) line.push(new Item(`waits${at}`, at))
    for (const at of [3, 1, 2]) line.rejoin(new Item(`back${at}`, at))
    line.rejoin(new Item("back7", 7))
    const served: string[] = []
    for (let item = line.shift(); item; item = line.shift()) served.push(item.name)
    expect(served).toEqual(["back1", "back2", "back3", "waits4", "waits5", "waits6", "back7"])
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
