import { describe, expect, it } from "vitest"
import { hostName } from "./host-name.ts"
import { WeightedChoice } from "./weighted-choice.ts"

describe("a weighted choice", () => {
  it.each([
    { weights: [80, 20], turns: 5, chosen: "aabaa" },
    { weights: [50, 50], turns: 4, chosen: "abab" },
    { weights: [100, 0], turns: 3, chosen: "aaa" },
    { weights: [1, 1, 1], turns: 6, chosen: "abcabc" },
  ])("spreads $weights as evenly as it can", ({ weights, turns, chosen }) => {
    const choice = new WeightedChoice(weights.map((weight, at) => ({ target: "abc"[at] as string, weight })))
    expect(Array.from({ length: turns }, () => choice.next()).join("")).toBe(chosen)
  })

  it("keeps any hundred requests within one of their share", () => {
    const choice = new WeightedChoice([33, 33, 34].map((weight, at) => ({ target: at, weight })))
    for (let round = 0; round < 10; round++) {
      const counts = [0, 0, 0]
      for (let i = 0; i < 100; i++) {
        const chosen = choice.next() as number
        counts[chosen] = (counts[chosen] ?? 0) + 1
      }
      for (const count of counts) expect(Math.abs(count - 100 / 3)).toBeLessThan(1.5)
    }
  })
})

it.each([
  ["Hello.Test:8080", "hello.test"],
  ["hello.test.", "hello.test"],
  ["[::1]:8080", "[::1]"],
  ["[::1]", "[::1]"],
  ["hello", "hello"],
])("reads the host %s as %s", (host, name) => expect(hostName(host)).toBe(name))
