import { describe, expect, it } from "vitest"
import { durationText } from "./metrics-object.ts"
import { usageBetween } from "./usage.ts"

const reading = { atMs: 10_000, cpuNs: 4e9, memoryBytes: 1_024, startedAtMs: 2_000 }

describe("what is used between two readings", () => {
  it.each([
    ["is a rate", { ...reading, atMs: 8_000, cpuNs: 3e9 }, reading, 500_000_000, 2_000],
    ["of what is new is measured from its beginning", undefined, reading, 500_000_000, 8_000],
    ["of what began anew is too", { ...reading, startedAtMs: 1_000, cpuNs: 1e9 }, reading, 500_000_000, 8_000],
    ["is never less than nothing", { ...reading, atMs: 8_000, cpuNs: 9e9 }, reading, 500_000_000, 8_000],
    ["of what idles is nothing", { ...reading, atMs: 8_000 }, reading, 0, 2_000],
  ])("%s", (_, before, after, cpuNanoCores, windowMs) => {
    expect(usageBetween(before, after)).toMatchObject({ cpuNanoCores, windowMs, memoryBytes: 1_024, atMs: 10_000 })
  })

  it("is not known of what has no beginning and was seen once, or of what began this moment", () => {
    const { startedAtMs: _, ...node } = reading
    expect(usageBetween(undefined, node)).toBeUndefined()
    expect(usageBetween(undefined, { ...reading, startedAtMs: 9_950 })).toBeUndefined()
  })
})

describe("a duration", () => {
  it.each([
    [0, "0s"],
    [1_012, "1.012s"],
    [60_000, "1m0s"],
    [150_250, "2m30.25s"],
    [3_604_000, "1h0m4s"],
  ])("of %i ms is written %s, as Go writes it", (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})
