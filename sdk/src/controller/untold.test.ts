import { expect, it } from "vitest"
import { SimulatedClock } from "../clock/index.ts"
import { Untold } from "./untold.ts"

it("news wait as long as they may since the first of them, each object's for itself, and those that follow wait anew", async () => {
  const clock = new SimulatedClock()
  const untold = new Untold(clock, 1_000)
  expect(untold.leftMs("a")).toBe(1_000)
  await clock.advance(400)
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([600, 1_000])
  await clock.advance(600)
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([0, 400])
  untold.forget("a")
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([1_000, 400])
})
