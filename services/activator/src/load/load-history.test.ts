import { expect, it } from "vitest"
import { LoadHistory } from "./load-history.ts"

it("tells the last minute, however often it was reported, in a second's steps", () => {
  const history = new LoadHistory()
  for (let ms = 0; ms < 120_000; ms += 50) history.add(ms, ms + 50, 50 * 3, 1)
  const stretches = history.stretches(120_000)
  expect(stretches.length).toBeLessThanOrEqual(61)
  expect(stretches.at(-1)).toEqual({ endedMsAgo: 0, lengthMs: 1000, concurrency: 3, requests: 20 })
  expect(stretches.every(({ endedMsAgo }) => endedMsAgo <= 60_000)).toBe(true)
})

it("leaves out time in which nothing was reported, and is over after a minute of it", () => {
  const history = new LoadHistory()
  history.add(0, 1000, 1000, 1)
  history.add(5000, 6000, 2000, 2)
  expect(history.stretches(6000).map(({ endedMsAgo }) => endedMsAgo)).toEqual([5000, 0])
  expect([history.isOver(66_000), history.isOver(66_001)]).toEqual([false, true])
})
