import { expect, it } from "vitest"
import type { ServedResource } from "../served-resource.ts"
import { sharedItems } from "./shared-list.ts"

const resource = {} as ServedResource
const objects = ["a", "b", "c"].map((name) => ({ size: 3, bytes: Buffer.from(JSON.stringify(name)) }))
const itemsOf = (stored: typeof objects, of = resource): Promise<Buffer> =>
  sharedItems(of, stored, async () => stored.map(({ bytes }) => bytes))

it("Who asks for the same objects is given the same bytes, not a copy", async () => {
  const first = await itemsOf(objects)
  expect(first.toString()).toBe('"a","b","c"]}')
  expect(await itemsOf([...objects])).toBe(first)
})

it("Who asks for others, for fewer, or of another resource is given theirs", async () => {
  const [a, b, c] = objects as [(typeof objects)[0], (typeof objects)[0], (typeof objects)[0]]
  const changed = { size: 3, bytes: Buffer.from('"B"') }
  await itemsOf([a, b, c])
  expect((await itemsOf([a, changed, c])).toString()).toBe('"a","B","c"]}')
  expect((await itemsOf([a, changed])).toString()).toBe('"a","B"]}')
  expect((await itemsOf([a, changed], { apiVersion: "v2" } as ServedResource)).toString()).toBe('"a","B"]}')
  expect((await itemsOf([])).toString()).toBe("]}")
})
