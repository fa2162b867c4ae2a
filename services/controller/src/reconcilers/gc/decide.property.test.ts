import { readConfig } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { configuration, nowMs, revision } from "../../testing/objects.ts"
import { decide } from "./decide.ts"

const hourMs = 3_600_000
const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
const hours = (most: number) => fc.integer({ min: 0, max: most })
const limit = (most: number) => fc.option(hours(most), { nil: undefined })

interface Sketch {
  readonly state: string | undefined
  readonly ageHours: number
  readonly idleHours: number | undefined
  readonly kept: boolean
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  state: fc.constantFrom("reserve", "reserve", "reserve", "active", "pending", undefined),
  ageHours: hours(100),
  idleHours: limit(100),
  kept: fc.boolean().map((kept) => kept),
})

function made({ state, ageHours, idleHours, kept }: Sketch, at: number): Revision {
  const own = revision(`hello-${String(at + 1).padStart(5, "0")}`)
  const annotations = {
    ...(idleHours !== undefined && {
      "serving.knative.dev/routingStateModified": stamp(nowMs - Math.min(idleHours, ageHours) * hourMs),
    }),
    ...(kept && at % 3 === 0 && { "serving.knative.dev/no-gc": "true" }),
  }
  const labels = { ...own.metadata.labels, ...(state && { "serving.knative.dev/routingState": state }) }
  const creationTimestamp = stamp(nowMs - ageHours * hourMs)
  return { ...own, metadata: { ...own.metadata, creationTimestamp, annotations, labels } } as Revision
}

const world = fc
  .record({
    sketches: fc.array(sketch, { maxLength: 12 }),
    latest: hours(12),
    created: limit(80),
    active: limit(80),
    min: hours(4),
    beyond: limit(6),
  })
  .map(({ sketches, latest, created, active, min, beyond }) => {
    const revisions = sketches.map(made)
    const latestReadyRevisionName = revisions[latest]?.metadata.name
    const text = (value: number | undefined, unit: string): string =>
      value === undefined ? "disabled" : `${value}${unit}`
    const data = {
      "retain-since-create-time": text(created, "h"),
      "retain-since-last-active-time": text(active, "h"),
      "min-non-active-revisions": String(min),
      "max-non-active-revisions": text(beyond === undefined ? undefined : min + beyond, ""),
    }
    const limits = readConfig({ "config-gc": data }).gc
    return {
      configuration: configuration("True", { latestReadyRevisionName }),
      revisions,
      limits,
      latestReadyRevisionName,
    }
  })

const isIdle =
  (latest: string | undefined) =>
  (each: Revision): boolean =>
    each.metadata.labels?.["serving.knative.dev/routingState"] === "reserve" &&
    each.metadata.annotations?.["serving.knative.dev/no-gc"] !== "true" &&
    each.metadata.name !== latest

describe("whatever revisions there are and whatever is to be kept", () => {
  it("none goes that is needed, kept or the latest ready one, and never so many that fewer than the least stay", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { remove } = decide(given, nowMs)
        const idle = given.revisions.filter(isIdle(given.latestReadyRevisionName))
        expect(remove.filter((each) => !idle.includes(each))).toEqual([])
        const least = Math.min(idle.length, given.limits["min-non-active-revisions"])
        expect(idle.length - remove.length).toBeGreaterThanOrEqual(least)
      }),
    )
  })

  it("no more stay than the most that may, and a second look finds nothing more to do", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { remove } = decide(given, nowMs)
        const left = given.revisions.filter((each) => !remove.includes(each))
        const most = given.limits["max-non-active-revisions"]
        const idle = left.filter(isIdle(given.latestReadyRevisionName))
        if (most !== "disabled") expect(idle.length).toBeLessThanOrEqual(most)
        expect(decide({ ...given, revisions: left }, nowMs).remove).toEqual([])
      }),
    )
  })

  it("the next one goes at the moment that is told, and not before", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { remove, nextMs } = decide(given, nowMs)
        const revisions = given.revisions.filter((each) => !remove.includes(each))
        const later = (ms: number): number => decide({ ...given, revisions }, ms).remove.length
        if (nextMs === undefined) expect(later(nowMs + 1_000 * hourMs)).toBe(0)
        else expect([later(nextMs - 1), later(nextMs) > 0]).toEqual([0, true])
      }),
    )
  })
})

it("of revisions that may go, those go first from which traffic left longest ago", () => {
  const revisions = [5, 90, 60, 70].map((ageHours, at) =>
    made({ state: "reserve", ageHours, idleHours: undefined, kept: false }, at),
  )
  const limits = readConfig({ "config-gc": { "min-non-active-revisions": "2" } }).gc
  const { remove, nextMs } = decide({ configuration: configuration("True"), revisions, limits }, nowMs)
  expect(remove.map(({ metadata }) => metadata.name)).toEqual(["hello-00002", "hello-00004"])
  expect(nextMs).toBeUndefined()
})
