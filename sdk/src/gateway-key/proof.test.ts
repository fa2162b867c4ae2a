import { expect, it } from "vitest"
import { isProven, proofOf } from "./proof.ts"

const key = Buffer.alloc(32, 1)
const asked = { method: "GET", path: "/routed/default/hello?generation=3" }
const nowMs = 1_800_000_000_000

it("a proof holds for what it was made of", () => {
  expect(isProven(key, asked, proofOf(key, asked, nowMs), nowMs + 1_000)).toBe(true)
})

it.each([
  ["another path", { ...asked, path: "/routed/default/hello?generation=4" }],
  ["another method", { ...asked, method: "POST" }],
])("a proof does not hold for %s", (_, other) => {
  expect(isProven(key, other, proofOf(key, asked, nowMs), nowMs)).toBe(false)
})

it("a proof does not hold with another key, nor long after it was made, nor long before", () => {
  const proof = proofOf(key, asked, nowMs)
  expect(isProven(Buffer.alloc(32, 2), asked, proof, nowMs)).toBe(false)
  expect(isProven(key, asked, proof, nowMs + 301_000)).toBe(false)
  expect(isProven(key, asked, proof, nowMs - 301_000)).toBe(false)
})

it.each([undefined, "", "Wick", "Bearer abc", `Wick ${nowMs / 1_000} short`, "Wick x y"])(
  "%s is no proof",
  (header) => {
    expect(isProven(key, asked, header, nowMs)).toBe(false)
  },
)
