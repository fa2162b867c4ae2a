import { describe, expect, it } from "vitest"
import { withCondition } from "./condition.ts"
import { countOf } from "./int-or-string.ts"
import { ageOf, formatAge, formatMicroTime, formatTime } from "./time.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

describe("an age", () => {
  it.each([
    [0, "0s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [3 * minute + 20 * second, "3m20s"],
    [10 * minute + 59 * second, "10m"],
    [3 * hour, "3h"],
    [7 * hour + 5 * minute, "7h5m"],
    [47 * hour, "47h"],
    [2 * day + 3 * hour, "2d3h"],
    [400 * day, "400d"],
    [740 * day, "2y10d"],
  ])("of %d ms is written %s", (ms, text) => expect(formatAge(ms)).toBe(text))

  it("of what never began is unknown", () => expect(ageOf(undefined, 0)).toBe("<unknown>"))
})

it("writes moments in whole seconds, and for leases in microseconds", () => {
  expect(formatTime(1_500)).toBe("1970-01-01T00:00:01Z")
  expect(formatMicroTime(1_500)).toBe("1970-01-01T00:00:01.500000Z")
})

it("rounds a percentage as asked and knows what is none", () => {
  expect(countOf("25%", 10, "up")).toBe(3)
  expect(countOf("25%", 10, "down")).toBe(2)
  expect(countOf(4, 10, "down")).toBe(4)
  expect(countOf("many", 10, "down")).toBeUndefined()
})

it("moves the time of a condition only when its status changes", () => {
  const ready = (status: "True" | "False", reason: string) => ({ type: "Ready", status, reason, message: "" })
  const first = withCondition(undefined, ready("False", "Starting"), "t1")
  const second = withCondition(first, ready("False", "StillStarting"), "t2")
  const third = withCondition(second, ready("True", "Started"), "t3")
  expect(
    [...first, ...second, ...third].map(
      (condition) => "lastTransitionTime" in condition && condition.lastTransitionTime,
    ),
  ).toEqual(["t1", "t1", "t3"])
})
