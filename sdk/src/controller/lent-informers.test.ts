import { expect, it } from "vitest"
import type { Informers } from "./informers.ts"
import { lendInformers } from "./lent-informers.ts"

it("makes one set for all who borrow at the same time, and ends it with the last of them", async () => {
  const story: string[] = []
  let made = 0
  const lend = lendInformers(() => {
    const name = ++made
    story.push(`made ${name}`)
    const set = (() => name) as unknown as Informers
    return Object.assign(set, { [Symbol.asyncDispose]: async () => void story.push(`ended ${name}`) })
  })
  const first = lend()
  const second = lend()
  await first[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  expect(story).toEqual(["made 1"])
  await second[Symbol.asyncDispose]()
  expect(story).toEqual(["made 1", "ended 1"])
  const third = lend()
  expect((third as unknown as () => number)()).toBe(2)
  await third[Symbol.asyncDispose]()
  expect(story).toEqual(["made 1", "ended 1", "made 2", "ended 2"])
})
