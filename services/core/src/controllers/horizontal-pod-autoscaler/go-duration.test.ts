import { expect, it } from "vitest"
import { durationMs } from "./go-duration.ts"

it("reads what Go writes", () => {
  expect(["30s", "1m3.25s", "1h0m4s", "1.5ms", "", "soon", "5"].map(durationMs)).toEqual([
    30_000,
    63_250,
    3_604_000,
    1.5,
    undefined,
    undefined,
    undefined,
  ])
})
