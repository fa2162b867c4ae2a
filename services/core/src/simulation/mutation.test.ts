import { describe, expect, it } from "vitest"
import { findMutant } from "./mutant-search.ts"
import { mutate, mutations } from "./mutation.ts"

describe("a store that breaks a rule", () => {
  it.each(mutations.filter(({ isRare }) => !isRare))("is found out: it $name", async ({ name, seedsMax }) => {
    const { seed, message } = await findMutant({ mutation: name, seeds: seedsMax })
    expect(seed, message).toBeLessThanOrEqual(seedsMax)
  })
})

it("is a mutation only if there is what it changes", () => {
  const mutation = { name: "is none", file: "a.ts", find: "b", replace: "c", seedsMax: 1 }
  expect(mutate("abd", mutation)).toBe("acd")
  expect(() => mutate("a", mutation)).toThrow("0 places")
  expect(() => mutate("bb", mutation)).toThrow("2 places")
})
