import fc from "fast-check"
import { expect, it } from "vitest"
import { IntervalTree } from "./interval-tree.ts"
import { contains, keyOfText, noEnd, prefixEnd } from "./key-interval.ts"

const text = fc.string({ unit: fc.constantFrom("a", "b", "\0", "\xff"), maxLength: 3 })
const interval = fc.record({ key: text, end: fc.option(fc.oneof(text, fc.constant(noEnd)), { nil: undefined }) })

it("finds exactly the intervals that contain a key", () => {
  fc.assert(
    fc.property(fc.array(interval), text, (intervals, key) => {
      const found = new Set<object>()
      new IntervalTree(intervals).containing(key, (item) => found.add(item))
      expect(found).toEqual(new Set(intervals.filter((item) => contains(item, key))))
    }),
    { numRuns: 1_000 },
  )
})

it("the interval up to a prefix's end holds the keys with that prefix, and no others", () => {
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      expect(contains({ key: prefix, end: prefixEnd(prefix) }, key)).toBe(key.startsWith(prefix))
    }),
    { numRuns: 1_000 },
  )
})

it("orders texts outside ASCII as their UTF-8 bytes", () => {
  expect(keyOfText("plain")).toBe("plain")
  expect(keyOfText("ł")).toBe("\xc5\x82")
})
