import { expect, it } from "vitest"
import { Latency } from "./latency.ts"

it("tells percentiles in milliseconds, to three digits", () => {
  const latency = new Latency()
  for (let ms = 1; ms <= 100; ms++) latency.record(ms)
  const { p50, p99, max, count } = latency.summary()
  expect(count).toBe(100)
  expect(p50).toBeCloseTo(50, 0)
  expect(p99).toBeCloseTo(99, 0)
  expect(max).toBeGreaterThanOrEqual(100)
})
