import fc from "fast-check"
import { expect, it } from "vitest"
import { SortedList } from "./sorted-list.ts"

const item = (at: number): { key: string } => ({ key: `key-${String(at).padStart(6, "0")}` })

function keysOf(list: SortedList<{ key: string }>, from: string, to?: string): string[] {
  const keys: string[] = []
  list.walk(from, to, ({ key }) => keys.push(key) > 0)
  return keys
}

it("keeps any keys in order through insertions and removals", () => {
  const change = fc.record({ at: fc.nat(40), insert: fc.boolean() })
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(40)),
      fc.array(change, { maxLength: 100 }),
      fc.nat(40),
      fc.nat(40),
      (filled, changes, from, to) => {
        const list = new SortedList()
        list.fill(filled.map(item))
        const twin = new Set(filled.map((at) => item(at).key))
        for (const { at, insert } of changes) {
          const { key } = item(at)
          if (insert && !twin.has(key)) list.insert(item(at))
          if (!insert && twin.has(key)) list.remove(key)
          if (insert) twin.add(key)
          else twin.delete(key)
        }
        const sorted = [...twin].sort()
        expect(keysOf(list, "")).toEqual(sorted)
        expect(list.size).toBe(sorted.length)
        const [low, high] = [item(from).key, item(to).key]
        expect(keysOf(list, low, high)).toEqual(sorted.filter((key) => key >= low && key < high))
      },
    ),
  )
})

it.each([
  { name: "ascending", order: (at: number) => at },
  { name: "descending", order: (at: number) => 5_000 - at },
  { name: "mixed", order: (at: number) => (at * 2_654_435_761) % 1_000_003 },
])("holds many more keys than a chunk, arriving $name", ({ order }) => {
  const list = new SortedList()
  const keys = Array.from({ length: 5_000 }, (_, at) => item(order(at)).key)
  for (const key of keys) list.insert({ key })
  const sorted = [...keys].sort()
  expect(keysOf(list, "")).toEqual(sorted)
  expect(keys.every((key) => list.get(key)?.key === key)).toBe(true)
  const filled = new SortedList()
  filled.fill(keys.map((key) => ({ key })))
  expect(keysOf(filled, "")).toEqual(sorted)
  expect(keys.every((key) => filled.get(key)?.key === key)).toBe(true)
  for (const key of keys.slice(0, 4_000)) list.remove(key)
  expect(keysOf(list, "")).toEqual(keys.slice(4_000).sort())
})

it("refuses a key that it has, and the removal of one that it has not", () => {
  const list = new SortedList()
  list.insert({ key: "a" })
  expect(() => list.insert({ key: "a" })).toThrow("inserted once")
  expect(() => list.remove("b")).toThrow("is here")
})
