import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { tokenLifetimeMs, tokensMax } from "../limits.ts"
import { TokenBook } from "./token-book.ts"

describe("a token", () => {
  it("is good while it is used, and for a time after", async () => {
    const clock = new SimulatedClock()
    const book = new TokenBook(clock)
    const token = book.give("ann")
    await clock.advance(tokenLifetimeMs - 1)
    expect(book.userOf(token)).toBe("ann")
    await clock.advance(tokenLifetimeMs - 1)
    expect(book.userOf(token)).toBe("ann")
    await clock.advance(tokenLifetimeMs)
    expect(book.userOf(token)).toBeUndefined()
  })

  it("ends with its user's others, and nobody else's", () => {
    const book = new TokenBook(new SimulatedClock())
    const [ann, bob] = [book.give("ann"), book.give("bob")]
    book.revoke("ann")
    expect([book.userOf(ann), book.userOf(bob)]).toEqual([undefined, "bob"])
  })

  it("that was used longest ago makes room for a new one when there are too many", () => {
    const book = new TokenBook(new SimulatedClock())
    const tokens = Array.from({ length: tokensMax }, () => book.give("ann"))
    book.userOf(tokens[0] ?? "")
    const last = book.give("bob")
    expect(book.userOf(tokens[0] ?? "")).toBe("ann")
    expect(book.userOf(tokens[1] ?? "")).toBeUndefined()
    expect(book.userOf(last)).toBe("bob")
  })
})
