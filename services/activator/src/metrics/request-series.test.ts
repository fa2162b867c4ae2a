import { expect, it } from "vitest"
import { type Measured, RequestMeasuring, RequestSeries, seriesPerRevisionMax } from "./request-series.ts"

const get: Measured = { method: "GET", version: 1, tag: "", requestBytes: 0, answerBytes: 5 }

it("keeps requests apart by method, status, version and tag, and knows the way back to each", () => {
  const series = new RequestSeries(new RequestMeasuring())
  const kinds: [Measured, number][] = [
    [get, 200],
    [{ ...get, method: "POST" }, 200],
    [get, 500],
    [{ ...get, version: 2 }, 200],
    [{ ...get, tag: "next" }, 200],
  ]
  for (let round = 0; round < 3; round++) for (const [request, status] of kinds) series.observe(request, status, 10, 8)
  expect(series.all.map(({ whole }) => whole.read().sum.toFixed(2))).toEqual(kinds.map(() => "0.03"))
})

it("counts a request that got to no pod in no pod's time", () => {
  const series = new RequestSeries(new RequestMeasuring())
  series.observe(get, 503, 10, -1)
  series.observe(get, 503, 10, 4)
  expect(series.byStatus().get(503)?.sum).toBeCloseTo(0.004)
  expect(series.all[0]?.whole.read().sum).toBeCloseTo(0.02)
})

it("counts together what is beyond the limit, and is as new when it was cleared", () => {
  const measuring = new RequestMeasuring()
  const series = new RequestSeries(measuring)
  for (let at = 0; at < seriesPerRevisionMax + 7; at++) series.observe({ ...get, tag: `tag-${at}` }, 200, 1, 1)
  expect(series.all).toHaveLength(seriesPerRevisionMax + 1)
  expect(series.all.at(-1)?.isOverflow).toBe(true)
  expect(Array.from(series.byStatus().get(undefined)?.counts ?? []).reduce((sum, count) => sum + count, 0)).toBe(7)
  series.clear()
  series.observe(get, 200, 1, 1)
  expect(series.all.map(({ isOverflow }) => isOverflow)).toEqual([false])
})
