import { describe, expect, it } from "vitest"
import { formatAge, formatElapsed, parseDuration } from "./duration.ts"

describe("ages", () => {
  it.each([
    [0, "0s"],
    [119_000, "119s"],
    [312_000, "5m12s"],
    [15 * 60_000 + 5_000, "15m"],
    [3 * 3_600_000, "3h"],
    [3 * 3_600_000 + 240_000, "3h4m"],
    [52 * 3_600_000, "2d4h"],
  ])("of %i ms are written %s", (ms, text) => expect(formatAge(ms)).toBe(text))
})

it("writes short times in milliseconds and long ones in seconds", () => {
  expect([formatElapsed(41.3), formatElapsed(420), formatElapsed(65_000)]).toEqual(["41 ms", "0.4 s", "65s"])
})

describe("durations", () => {
  it.each([
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["7", 7_000],
    ["soon", undefined],
    ["5 m", undefined],
  ])("%s is %s ms", (text, ms) => expect(parseDuration(text)).toBe(ms))
})
