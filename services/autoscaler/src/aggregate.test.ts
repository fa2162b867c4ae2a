import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { Aggregate } from "./aggregate.ts"
import { scalingSpec } from "./settings.ts"

const spec = scalingSpec({ metadata: {}, spec: {} }, readConfig({}).autoscaler)
const start = 1_000_000

const load = (concurrency: number, more: { waiting?: number; pods?: Record<string, number> } = {}) => ({
  namespace: "n",
  name: "r",
  concurrency,
  concurrencyNow: concurrency,
  waiting: 0,
  requests: concurrency,
  pods: {},
  ...more,
})

describe("load put together from many activators", () => {
  it("adds their concurrency, what waits, and what is in each pod", () => {
    const aggregate = new Aggregate(60_000)
    aggregate.report("a", load(3, { waiting: 1, pods: { one: 2 } }), 1000, start)
    aggregate.report("b", load(5, { waiting: 2, pods: { one: 1, two: 4 } }), 1000, start)
    expect(aggregate.observe(spec, 2, start)).toMatchObject({ stable: 8, panic: 8, waiting: 3, readyPods: 2 })
    expect([...aggregate.inFlight()]).toEqual([
      ["one", 3],
      ["two", 4],
    ])
  })

  it("is not moved by reports that come a little late", () => {
    const aggregate = new Aggregate(60_000)
    let at = start
    for (const lateMs of [0, 30, 0, 45, 5, 40, 0, 0, 35, 0, 20, 0]) {
      at += 50
      aggregate.report("a", load(100), 50, at + lateMs)
      expect(aggregate.observe(spec, 1, at + lateMs).surge).toBeCloseTo(100)
    }
  })

  it("forgets what an activator that has gone had in flight", () => {
    const aggregate = new Aggregate(60_000)
    aggregate.report("a", load(3, { waiting: 3 }), 1000, start)
    expect(aggregate.forget("a")).toBe(true)
    expect(aggregate.forget("a")).toBe(false)
    expect(aggregate.waiting).toBe(0)
    expect(aggregate.isIdle(start + 50_000)).toBe(false)
    expect(aggregate.isIdle(start + 61_000)).toBe(true)
  })

  it("takes a poke for one waiting request until the report on it comes", () => {
    const aggregate = new Aggregate(60_000)
    aggregate.poke("a", start)
    expect(aggregate.waiting).toBe(1)
    aggregate.report("a", load(40, { waiting: 40 }), 50, start + 50)
    aggregate.poke("a", start + 60)
    expect(aggregate.waiting).toBe(40)
  })
})
