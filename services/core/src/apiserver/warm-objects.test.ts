import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { type Coolable, WarmObjects } from "./warm-objects.ts"

function objects(size: number): {
  readonly make: (name: string) => Coolable & { use(): void }
  readonly cold: string[]
} {
  const cold: string[] = []
  const make = (name: string) => {
    let used = false
    return {
      size,
      use: () => {
        used = true
      },
      wasUsed: () => {
        const was = used
        used = false
        return was
      },
      cool: () => void cold.push(name),
    }
  }
  return { make, cold }
}

it("lets go what came first once there is too much, but not who was asked for meanwhile", () => {
  const { make, cold } = objects(10)
  const warm = new WarmObjects(new SimulatedClock(), 30)
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(make) as [ReturnType<typeof make>, ...ReturnType<typeof make>[]]
  for (const each of [a, b, c]) if (each) warm.add(each)
  expect(cold).toEqual([])
  a.use()
  if (d) warm.add(d)
  expect(cold).toEqual(["b"])
  if (e) warm.add(e)
  expect(cold).toEqual(["b", "c"])
})

it("never holds more than it may, whatever is asked for", () => {
  const { make, cold } = objects(7)
  const warm = new WarmObjects(new SimulatedClock(), 100)
  const all = Array.from({ length: 10_000 }, (_, at) => make(String(at)))
  for (const [at, each] of all.entries()) {
    warm.add(each)
    expect(warm.bytes).toBeLessThanOrEqual(100)
    if (at % 3 === 0) each.use()
    if (at > 10 && at % 5 === 0) all[at - 10]?.use()
  }
  expect(new Set(cold).size).toBe(cold.length)
  expect(cold.length).toBe(10_000 - 14)
})

it("an object that is larger than all that may be is let go at once", () => {
  const { make, cold } = objects(50)
  new WarmObjects(new SimulatedClock(), 40).add(make("large"))
  expect(cold).toEqual(["large"])
})

it("lets go what nobody asks for any more, after a while and without a timer once there is little", async () => {
  const clock = new SimulatedClock()
  const { make, cold } = objects(30 * 1024)
  const warm = new WarmObjects(clock)
  const [busy, quiet, late] = ["busy", "quiet", "late"].map(make) as [ReturnType<typeof make>, Coolable, Coolable]
  warm.add(busy)
  warm.add(quiet)
  warm.add(late)
  busy.use()
  await clock.advance(30_000)
  expect(cold).toEqual(["quiet", "late"])
  await clock.advance(300_000)
  expect(cold).toEqual(["quiet", "late"])
})
