import { describe, expect, it } from "vitest"
import { LoadWindow, MaximumWindow } from "./window.ts"

const second = 1000
const stretch = (from: number, to: number, concurrency: number, requests = 0) => ({
  fromMs: from * second,
  toMs: to * second,
  concurrency,
  requests,
})

describe("a load window", () => {
  it("averages over the time since load began, not over the whole window", () => {
    const window = new LoadWindow(60 * second, second)
    window.add(stretch(100, 102, 10))
    expect(window.average(102 * second, 60 * second, "concurrency")).toBeCloseTo(10)
    expect(window.average(104 * second, 60 * second, "concurrency")).toBeCloseTo(5)
  })

  it("takes no memory for a revision without load, and is as good as new when the next load comes", () => {
    const window = new LoadWindow(60 * second, second, 1500)
    expect(window.isAtRest).toBe(true)
    window.add(stretch(100, 102, 10, 20))
    expect(window.average(162 * second, 60 * second, "rps")).toBeCloseTo(0)
    expect(window.isAtRest).toBe(false)
    expect(window.average(162.001 * second, 60 * second, "rps")).toBe(0)
    expect(window.isAtRest).toBe(true)
    window.add(stretch(163, 165, 4, 6))
    expect(window.average(165 * second, 60 * second, "concurrency")).toBeCloseTo(4)
    expect(window.average(165 * second, 60 * second, "rps")).toBeCloseTo(3)
  })

  it("adds what several activators report of the same time", () => {
    const window = new LoadWindow(60 * second, second)
    window.add(stretch(100, 101, 3))
    window.add(stretch(100, 101, 3))
    window.add(stretch(101, 101.5, 12))
    expect(window.average(102 * second, 60 * second, "concurrency")).toBeCloseTo(6)
  })

  it("does not count what one activator has told of a time of which another has not told yet", () => {
    for (const [span, bucket, window] of [
      [6 * second, second, 600],
      [60 * second, second, 6 * second],
      [500, 50, 500],
    ] as const) {
      const load = new LoadWindow(span, bucket, second)
      for (let at = 100; at < 110; at++) {
        load.add(stretch(at, at + 1, 40))
        load.add(stretch(at + 0.003, at + 1.003, 40))
      }
      load.add(stretch(110, 110.9, 40))
      expect(load.average(110.003 * second, window, "concurrency")).toBeGreaterThan(76)
      expect(load.average(110.003 * second, window, "concurrency")).toBeLessThan(84)
      expect(load.weightedAverage(110.003 * second, window, "concurrency")).toBeLessThan(84)
    }
  })

  it("tells of a load that only began in this very bucket", () => {
    const load = new LoadWindow(60 * second, second)
    load.add(stretch(100.1, 100.2, 40))
    load.add(stretch(100.1, 100.9, 40))
    expect(load.average(100.2 * second, 6 * second, "concurrency")).toBeCloseTo(45)
  })

  it("forgets what is older than its span", () => {
    const window = new LoadWindow(6 * second, second)
    window.add(stretch(100, 101, 60))
    expect(window.average(106 * second, 6 * second, "concurrency")).toBeCloseTo(0)
    expect(window.isEmpty(106 * second)).toBe(false)
    expect(window.isEmpty(107.1 * second)).toBe(true)
  })

  it("starts anew after a silence as long as itself", () => {
    const window = new LoadWindow(6 * second, second)
    window.add(stretch(100, 101, 1))
    window.add(stretch(199.9, 200, 50))
    expect(window.average(200 * second, 6 * second, "concurrency")).toBeCloseTo(50)
  })

  it("counts requests per second", () => {
    const window = new LoadWindow(60 * second, second)
    for (let at = 100; at < 104; at++) window.add(stretch(at, at + 1, 1, 30))
    expect(window.average(104 * second, 60 * second, "rps")).toBeCloseTo(30)
  })

  it("gives the newest seconds most weight when asked to", () => {
    const window = new LoadWindow(10 * second, second)
    for (let at = 100; at < 105; at++) window.add(stretch(at, at + 1, 10))
    for (let at = 105; at < 110; at++) window.add(stretch(at, at + 1, 20))
    const weighted = window.weightedAverage(109.999 * second, 10 * second, "concurrency")
    expect(weighted).toBeGreaterThan(window.average(109.999 * second, 10 * second, "concurrency"))
    expect(weighted).toBeLessThan(20)
  })
})

it("a maximum window lets a value fall only after its span", () => {
  const window = new MaximumWindow(60 * second)
  expect(window.record(0, 10)).toBe(10)
  expect(window.record(30 * second, 2)).toBe(10)
  expect(window.nextChangeMs()).toBe(60 * second)
  expect(window.record(60 * second, 2)).toBe(2)
  expect(window.record(61 * second, 5)).toBe(5)
  expect(window.nextChangeMs()).toBeUndefined()
})
