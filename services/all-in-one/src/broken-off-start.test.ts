import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { startUnlessEnded } from "./broken-off-start.ts"

const never = new Promise<never>(() => {})

describe("a start", () => {
  it("that comes through is the start, whether an end was asked for meanwhile or not", async () => {
    const clock = new SimulatedClock()
    expect(await startUnlessEnded(Promise.resolve("started"), never, clock)).toBe("started")
    const late = Promise.withResolvers<string>()
    const start = startUnlessEnded(late.promise, Promise.resolve(), clock)
    await clock.advance(9_000)
    late.resolve("started")
    expect(await start).toBe("started")
  })

  it("that waits for what does not come is given up some time after an end was asked for, and not before", async () => {
    const clock = new SimulatedClock()
    const asked = Promise.withResolvers<void>()
    let ended = false
    const start = startUnlessEnded(never, asked.promise, clock).then((started) => {
      ended = true
      return started
    })
    await clock.advance(60_000)
    expect(ended).toBe(false)
    asked.resolve()
    await clock.advance(9_999)
    expect(ended).toBe(false)
    await clock.advance(1)
    expect(await start).toBeUndefined()
  })

  it("that fails says why", async () => {
    const failed = startUnlessEnded(Promise.reject(new Error("no disk")), Promise.resolve(), new SimulatedClock())
    await expect(failed).rejects.toThrow("no disk")
  })
})
