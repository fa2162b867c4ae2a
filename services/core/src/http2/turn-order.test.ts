import { expect, it } from "vitest"
import { TurnOrder } from "./turn-order.ts"

const named = (name: number) => ({ name, isWaiting: false })

it("turns come in the order in which they were waited for, once for each wait", () => {
  const order = new TurnOrder<ReturnType<typeof named>>()
  const all = Array.from({ length: 1_000 }, (_, name) => named(name))
  for (const who of all) order.add(who)
  for (const who of all) order.add(who)
  const [first, second] = [order.next(), order.next()]
  expect([first, second]).toEqual([all[0], all[1]])
  order.add(all[0] as (typeof all)[0])
  const rest = Array.from({ length: 999 }, () => order.next()?.name)
  expect(rest).toEqual([...all.slice(2), all[0]].map((who) => who?.name))
  expect(order.next()).toBeUndefined()
})

it("who has left has no turn, wherever it stood, and may wait again", () => {
  const order = new TurnOrder<ReturnType<typeof named>>()
  const [a, b, c] = [named(1), named(2), named(3)]
  for (const who of [a, b, c]) order.add(who)
  expect(order.next()).toBe(a)
  order.delete(a)
  order.delete(b)
  order.add(a)
  expect([order.next(), order.next(), order.next()]).toEqual([c, a, undefined])
  order.delete(c)
  order.add(b)
  order.delete(b)
  expect([order.next(), b.isWaiting]).toEqual([undefined, false])
})
