import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createMemoryStorage, type Storage } from "#store"
import { callsFirst } from "./precedence.ts"

let storage: Storage

beforeEach(() => {
  storage = createMemoryStorage({ clock: systemClock })
})
afterEach(() => storage.close())

async function store(objects: number): Promise<void> {
  const keys = Array.from({ length: objects }, (_, at) => `/registry/core/configmaps/default/c-${at}`)
  const put = (key: string) => ({ kind: "put" as const, key, value: Buffer.from("{}") })
  for (const key of keys) await storage.txn({ compare: [], success: [put(key)], failure: [] })
}

it("with much in the store calls go first until everything has run for a second", async () => {
  await store(3_000)
  const clock = new SimulatedClock()
  const up = Promise.withResolvers<void>()
  const precedence = await callsFirst(storage, up.promise, clock)
  let isOver = false
  void precedence?.over.then(() => {
    isOver = true
  })
  await clock.advance(60_000)
  expect(isOver).toBe(false)
  up.resolve()
  await clock.advance(999)
  expect(isOver).toBe(false)
  await clock.advance(1)
  expect(isOver).toBe(true)
})

it("with little in it nobody waits, nor where nobody says when everything runs", async () => {
  const clock = new SimulatedClock()
  await store(300)
  expect(await callsFirst(storage, Promise.resolve(), clock)).toBeUndefined()
  await store(3_000)
  expect(await callsFirst(storage, undefined, clock)).toBeUndefined()
})
