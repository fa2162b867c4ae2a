import { expect, it } from "vitest"
import { queryFlag } from "./query-flag.ts"

it.each([
  ["watch=true", true],
  ["watch=True", true],
  ["watch=1", true],
  ["watch", true],
  ["watch=", true],
  ["watch=false", false],
  ["watch=False", false],
  ["watch=0", false],
  ["", undefined],
])("a query of %j asks for a watch: %j", (text, asked) => {
  expect(queryFlag(new URLSearchParams(text), "watch")).toBe(asked)
})
