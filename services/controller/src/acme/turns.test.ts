import { expect, it } from "vitest"
import { newOrdersMax, newOrdersWindowMs, ordersOpenMax, restMs, silentMsMax } from "./limits.ts"
import { Turns } from "./turns.ts"

it("so many orders are under way at once, and the next when one of them ends", () => {
  const turns = new Turns()
  for (let at = 0; at < ordersOpenMax; at++) turns.begin(`order-${at}`, 0)
  expect(turns.waitMs("late", 0, 5_000)).toBe(5_000)
  expect(turns.waitMs("order-3", 0, 5_000)).toBe(0)
  turns.end("order-3")
  expect(turns.waitMs("late", 0, 5_000)).toBe(0)
})

it("an order that nobody asks for any more takes no turn of another", () => {
  const turns = new Turns()
  for (let at = 0; at < ordersOpenMax; at++) turns.begin(`order-${at}`, 0)
  for (let at = 1; at < ordersOpenMax; at++) turns.resume(`order-${at}`, silentMsMax)
  expect(turns.waitMs("late", silentMsMax, 5_000)).toBe(5_000)
  expect(turns.waitMs("late", silentMsMax + 1, 5_000)).toBe(0)
})

it("so many are begun within the window, and the next when the first of them has left it", () => {
  const turns = new Turns()
  for (let at = 0; at < newOrdersMax; at++) {
    turns.begin(`order-${at}`, at)
    turns.end(`order-${at}`)
  }
  expect(turns.waitMs("late", 1_000, 5_000)).toBe(newOrdersWindowMs - 1_000)
  expect(turns.waitMs("late", newOrdersWindowMs, 5_000)).toBe(0)
})

it("an authority that wants no more orders gets none before it says so", () => {
  const turns = new Turns()
  turns.pause(60_000)
  turns.pause(10_000)
  expect(turns.waitMs("any", 15_000, 5_000)).toBe(45_000)
  expect(turns.waitMs("any", 60_000, 5_000)).toBe(0)
})

it("an order rests two minutes after its first failure, twice as long after each further one, eight hours at most", () => {
  expect([1, 2, 3, 9, 50].map(restMs)).toEqual([120_000, 240_000, 480_000, 8 * 3_600_000, 8 * 3_600_000])
})
