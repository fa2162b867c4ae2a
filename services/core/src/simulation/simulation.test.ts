import { ownSeeds } from "@wick/sdk/testing/property-seed"
import { describe, expect, it } from "vitest"
import { outsideOfPromises } from "./timeline.ts"
import { alone } from "./weather.ts"
import { runWorld } from "./world.ts"

const run = (seed: number) => outsideOfPromises(() => runWorld({ seed }))

describe("a cluster in a world where things go wrong", () => {
  /** Worlds in which promises were broken once. */
  const remembered = [153, 340, 536, 4983, 8547, 10_903, 219_276, 240_900, 306_812]
  const seeds = [...remembered, ...Array.from({ length: 20 }, (_, at) => at + 1), ...ownSeeds(20)]

  it.each(seeds)("keeps its promises, and works again when nothing does any more (seed %i)", async (seed) => {
    const { failure, events } = await run(seed)
    expect(failure?.message, events.join("\n")).toBeUndefined()
  })
})

describe("a member that is alone in a world where things go wrong", () => {
  const seeds = [...Array.from({ length: 10 }, (_, at) => at + 1), ...ownSeeds(10)]

  it.each(seeds)("keeps its promises, and works again when nothing does any more (seed %i)", async (seed) => {
    const { failure, events, operations } = await outsideOfPromises(() => runWorld({ seed, weather: alone }))
    expect(failure?.message, events.join("\n")).toBeUndefined()
    expect(operations).toBeGreaterThan(0)
  })
})

describe("a seed", () => {
  it("is the same story each time", async () => {
    for (const seed of [3, 5, 8, 13]) {
      const first = await run(seed)
      const second = await run(seed)
      expect(second).toEqual(first)
    }
  })

  it("is another story than the next one", async () => {
    const traces = await Promise.all([1, 2, 3, 4, 5, 6].map(async (seed) => (await run(seed)).trace))
    expect(new Set(traces).size).toBe(traces.length)
  })

  it("sees leaders come and go, and clients answered by all of them", async () => {
    let terms = 0
    let operations = 0
    for (let seed = 100; seed < 110; seed++) {
      const outcome = await run(seed)
      terms += outcome.terms
      operations += outcome.operations
    }
    expect(terms).toBeGreaterThan(15)
    expect(operations).toBeGreaterThan(300)
  })
})
