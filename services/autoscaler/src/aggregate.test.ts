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

  it("is as large as it is when reports of some seconds come all at once", () => {
    const aggregate = new Aggregate(60_000)
    let at = start
    for (let report = 0; report < 5; report++) {
      at += 1000
      aggregate.report("a", load(100), 1000, at)
    }
    at += 4000
    for (let report = 0; report < 4; report++) {
      aggregate.report("a", load(100), 1000, at)
      const { stable, panic, surge } = aggregate.observe(spec, 1, at)
      expect(Math.max(stable, panic, surge)).toBeLessThanOrEqual(101)
    }
    expect(aggregate.observe(spec, 1, at)).toMatchObject({ stable: 100, panic: 100, surge: 100 })
  })

  it("is of now again when it was silent, and when clocks have drifted apart", () => {
    const aggregate = new Aggregate(60_000)
    aggregate.report("a", load(5), 1000, start)
    aggregate.report("a", load(0), 1000, start + 1000)
    aggregate.report("a", load(7), 100, start + 30_000)
    expect(aggregate.observe(spec, 1, start + 30_000).surge).toBeCloseTo(7)
    // What it calls a second is 1.2 of them here.
    const last = start + 30_000 + 40 * 1200
    for (let at = start + 31_200; at <= last; at += 1200)
      aggregate.report("a", { ...load(7), concurrencyNow: 0 }, 1000, at)
    expect(aggregate.isIdle(last + 60_000 - 5500)).toBe(false)
  })

  it("counts requests that a pause has held back as those of the pause", () => {
    const rps = { ...spec, metric: "rps" as const }
    const aggregate = new Aggregate(6000)
    const requests = (count: number) => ({ ...load(1), requests: count })
    let at = start
    const heard = (count: number, intervalMs: number): void => {
      at += intervalMs
      aggregate.report("a", requests(count), intervalMs, at)
    }
    // The very first words are of a crowd that had waited for its first pod.
    heard(800, 5)
    expect(aggregate.observe(rps, 1, at).surge).toBeLessThanOrEqual(800)
    for (let report = 0; report < 8; report++) heard(500, 1000)
    heard(0, 1500)
    heard(800, 5)
    const seen = aggregate.observe({ ...rps, panicWindowMs: 600 }, 1, at)
    expect(seen.panic).toBeLessThan(850)
    expect(seen.surge).toBeLessThan(600)
    expect(seen.stable).toBeLessThan(600)
  })

  it("has seen a rate double after two seconds of it", () => {
    const rps = { ...spec, metric: "rps" as const }
    const aggregate = new Aggregate(60_000)
    let at = start
    for (let report = 0; report < 200; report++) {
      at += 50
      aggregate.report("a", { ...load(1), requests: report < 160 ? 5 : 50 }, 50, at)
    }
    expect(aggregate.observe(rps, 1, at).surge).toBeGreaterThan(900)
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
