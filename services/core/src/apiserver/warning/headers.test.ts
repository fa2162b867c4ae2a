import { describe, expect, it } from "vitest"
import { warningHeaders } from "./headers.ts"

const read = (value: string): string => Buffer.from(value, "latin1").toString("utf8")

describe("warnings of an answer", () => {
  it("are quoted headers that any language fits in", () => {
    const values = warningHeaders(['unknown field "spec.grün🔥"', "two\nlines"])
    expect(values.map(read)).toEqual(['299 - "unknown field \\"spec.grün🔥\\""', '299 - "two lines"'])
    for (const warning of values) expect(new Headers({ warning }).get("warning")).toBe(warning)
  })

  it("are told once each, and are cut short when they are many", () => {
    expect(warningHeaders(["a", "a"])).toHaveLength(1)
    const many = warningHeaders(Array.from({ length: 100 }, (_, at) => `${at} ${"x".repeat(1_000)}`))
    expect(many.length).toBeGreaterThan(10)
    expect(many.join("").length).toBeLessThan(4_500)
  })
})
