import { expect, test } from "vitest"
import { sameJson } from "./same-json.ts"

test.each([
  [
    { a: 1, b: { c: [1, { d: "x" }] } },
    { b: { c: [1, { d: "x" }] }, a: 1 },
  ],
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: undefined }, { b: undefined }],
  [undefined, undefined],
  [null, null],
])("%j is the same as %j", (a, b) => {
  expect(sameJson(a, b)).toBe(true)
  expect(sameJson(b, a)).toBe(true)
})

test.each([
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: 1 }, { b: 1 }],
  [
    { a: undefined, b: 1 },
    { a: 1, b: undefined },
  ],
  [
    [1, 2],
    [2, 1],
  ],
  [[], {}],
  [[1], [1, 2]],
  [null, {}],
  [undefined, null],
  ["1", 1],
])("%j is another than %j", (a, b) => {
  expect(sameJson(a, b)).toBe(false)
  expect(sameJson(b, a)).toBe(false)
})
