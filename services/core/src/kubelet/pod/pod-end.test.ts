import type { Pod } from "@wick/sdk/api/core/pod"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import type { ContainerRecord, Runtime } from "../runtime/runtime.ts"
import type { PodDeps } from "./pod-deps.ts"
import { stopContainer } from "./pod-end.ts"
import type { PodState } from "./pod-state.ts"

const record = { id: "c1", name: "main", state: "running" } as ContainerRecord

/** Ends a container with a grace of 300 s whose first process hears its stop signal from `hearsAtMs` on. */
function ending(story: {
  hearsAtMs: number
  graceSeconds?: number
  /** Whether it does not hear although it has heard before. */
  isDeaf?: (atMs: number) => boolean
  /** Whether the first signal does not end it. */
  lasts?: boolean
  /** Whether the second does; it does unless told. */
  ends?: boolean
  startedAtMs?: number
}) {
  const { hearsAtMs, graceSeconds, isDeaf = () => false, lasts = false, startedAtMs = 0 } = story
  const clock = new SimulatedClock(0)
  const ends = Promise.withResolvers<void>()
  const toldAgain: number[] = []
  const stops: { atMs: number; graceSeconds: number }[] = []
  const looks: number[] = []
  const runtime = {
    firstProcess: async () => ({
      hearsStop: async () => {
        looks.push(clock.monotonic())
        return clock.monotonic() >= hearsAtMs && !isDeaf(clock.monotonic())
      },
      tellAgain: async () => {
        toldAgain.push(clock.monotonic())
        if (story.ends !== false) ends.resolve()
      },
    }),
    stopContainer: async (_id: string, graceSeconds: number) => {
      stops.push({ atMs: clock.monotonic(), graceSeconds })
      if (lasts) await ends.promise
    },
  } as Partial<Runtime>
  const state = {
    pod: { spec: { terminationGracePeriodSeconds: 300 } } as Pod,
    containers: new Map(),
    container: () => undefined,
    tell: () => {},
  } as unknown as PodState
  const cut = new AbortController()
  const options = { message: "Stopping", graceSeconds, signal: cut.signal }
  const ended = stopContainer(state, { clock, runtime } as unknown as PodDeps, { ...record, startedAtMs }, options)
  return { clock, stops, looks, cut, ended, toldAgain, end: ends.resolve }
}

describe("the end of a container", () => {
  it("is told to a process that hears it at once", async () => {
    const { ended, stops } = ending({ hearsAtMs: 0 })
    await ended
    expect(stops).toEqual([{ atMs: 0, graceSeconds: 300 }])
  })

  it("is told to a process that is still being loaded when it can hear it, with the rest of its grace", async () => {
    const { clock, ended, stops } = ending({ hearsAtMs: 1_500 })
    await clock.advance(10_000)
    await ended
    expect(stops).toHaveLength(1)
    expect(stops[0]?.atMs).toBeGreaterThanOrEqual(1_500)
    expect(stops[0]?.atMs).toBeLessThan(2_600)
    expect(stops[0]?.graceSeconds).toBeGreaterThanOrEqual(298)
  })

  it("is told again to a process whose loader has swallowed it, as soon as the program itself hears", async () => {
    // Node catches it from its first moments on, does nothing, and its program catches it a while later.
    const isDeaf = (atMs: number): boolean => atMs >= 3 && atMs < 80
    const { clock, ended, stops, toldAgain } = ending({ hearsAtMs: 0, isDeaf, lasts: true })
    await clock.advance(1_000)
    await ended
    expect(stops).toEqual([{ atMs: 0, graceSeconds: 300 }])
    expect(toldAgain).toHaveLength(1)
    expect(toldAgain[0]).toBeGreaterThanOrEqual(80)
    expect(toldAgain[0]).toBeLessThan(120)
  })

  it("is told again to a young process that is there still, a few times, and then no more", async () => {
    const { clock, ended, end, toldAgain, looks } = ending({ hearsAtMs: 0, lasts: true, ends: false })
    await clock.advance(100_000)
    end()
    await ended
    expect(toldAgain).toHaveLength(4)
    expect(toldAgain[0]).toBeGreaterThanOrEqual(1_000)
    expect(looks.at(-1)).toBeLessThan(10_000)
  })

  it("is not watched of a process that has been there for long", async () => {
    const { clock, ended, end, looks, toldAgain } = ending({ hearsAtMs: 0, lasts: true, startedAtMs: -120_000 })
    await clock.advance(100_000)
    end()
    await ended
    expect(looks).toHaveLength(1)
    expect(toldAgain).toEqual([])
  })

  it("is forced on a process that never hears it when its grace is over, and not looked for all the time", async () => {
    const { clock, ended, stops, looks } = ending({ hearsAtMs: Number.POSITIVE_INFINITY })
    await clock.advance(300_000)
    await ended
    expect(stops).toEqual([{ atMs: 300_000, graceSeconds: 0 }])
    expect(looks.length).toBeLessThan(320)
  })

  it("is forced at once when the grace is cut short", async () => {
    const { clock, ended, stops, cut } = ending({ hearsAtMs: Number.POSITIVE_INFINITY })
    await clock.advance(5_000)
    cut.abort()
    await ended
    expect(stops).toEqual([{ atMs: 5_000, graceSeconds: 0 }])
  })

  it("is forced without a look where no grace is given", async () => {
    const { ended, stops, looks } = ending({ hearsAtMs: Number.POSITIVE_INFINITY, graceSeconds: 0 })
    await ended
    expect({ stops, looks }).toEqual({ stops: [{ atMs: 0, graceSeconds: 0 }], looks: [] })
  })
})
