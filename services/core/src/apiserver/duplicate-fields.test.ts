import fc from "fast-check"
import { expect, it } from "vitest"
import { duplicateFields } from "./duplicate-fields.ts"

it("finds every field that is there twice, wherever it is, and no other", () => {
  const text = '{"a": 1, "spec" : {"l": [{"x":"}","x" : "\\"\\\\"}, {"x":2}], "y":[], "y":{}}, "\\u0061": null}'
  expect(duplicateFields(text)).toEqual(["spec.l[0].x", "spec.y", "a"])
})

it("finds none in what JSON itself wrote, at any depth", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      expect(duplicateFields(JSON.stringify(value, null, indent))).toEqual([])
    }),
  )
  expect(duplicateFields(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)).toEqual([])
  expect(duplicateFields(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)).toEqual([])
})
