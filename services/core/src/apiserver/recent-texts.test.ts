import { describe, expect, it } from "vitest"
import { RecentTexts } from "./recent-texts.ts"

describe("texts that were said lately", () => {
  it("are the same as they were, however many others come between", () => {
    const recent = new RecentTexts()
    for (let at = 0; at < 5_000; at++) expect(recent.same(`text-${at % 700}`)).toBe(`text-${at % 700}`)
    expect(recent.same("")).toBe("")
    expect(recent.same("long".repeat(100))).toBe("long".repeat(100))
  })
})
