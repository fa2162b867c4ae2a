import { expect, it } from "vitest"
import { SimulatedClock } from "./index.ts"

it("rings alarms in order of their time, and only when time is moved", async () => {
  const clock = new SimulatedClock(0)
  const rung: string[] = []
  clock.timer(20, () => rung.push("second"))
  clock.timer(10, () => rung.push("first"))
  await clock.advance(15)
  expect(rung).toEqual(["first"])
  await clock.advance(5)
  expect(rung).toEqual(["first", "second"])
})
