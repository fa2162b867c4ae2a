import { expect, it } from "vitest"
import { SimulatedClock } from "../clock/index.ts"
import { Untold } from "./untold.ts"

it("news wait as long as they may since the first of them, each object's for itself, and those that follow wait anew", async () => {
  const clock = new SimulatedClock()
  const untold = new Untold(clock, 1_000)
  expect(untold.leftMs("a")).toBe(1_000)
  await clock.advance(400)
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([600, 1_100])
  await clock.advance(700)
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([0, 400])
  untold.forget("a")
  expect([untold.leftMs("a"), untold.leftMs("b")]).toEqual([1_100, 400])
})

it("where there is news of many each may take longer, up to the last of them, and those that come later may not", async () => {
  const clock = new SimulatedClock()
  const untold = new Untold(clock, 2_000)
  const keys = Array.from({ length: 200 }, (_, at) => `${at}`)
  for (const key of keys) untold.leftMs(key)
  await clock.advance(8_000)
  expect([untold.leftMs("0"), untold.leftMs("199")]).toEqual([4_000, 4_000])
  for (const key of keys.slice(0, -1)) untold.forget(key)
  expect([untold.leftMs("199"), untold.leftMs("later")]).toEqual([4_000, 2_100])
})
