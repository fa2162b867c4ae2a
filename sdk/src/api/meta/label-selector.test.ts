import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { matches } from "./label-selector.ts"
import { formatSelector, parseSelector } from "./selector-text.ts"

const labels = { app: "web", tier: "front" }

describe("a selector", () => {
  it.each([
    ["", true],
    ["app=web", true],
    ["app==web,tier=front", true],
    ["app!=web", false],
    ["missing!=x", true],
    ["app in (api, web)", true],
    ["app notin (api,web)", false],
    ["tier", true],
    ["!tier", false],
    ["! missing", true],
    ["missing=", false],
    ["in", false],
    ["app in (,web)", true],
    [" app = web , tier ", true],
  ])("%j answers %s", (text, answer) => expect(matches(parseSelector(text), labels)).toBe(answer))

  it.each([
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["=b", "found '=', expected: !, identifier, or 'end of string'"],
    ["a,,b", "found ',', expected: identifier after ','"],
    ["a,", "found '', expected: identifier after ','"],
    ["in (x)", "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"],
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a in x", "unable to parse requirement: found 'x' expected: '('"],
    ["a in (x", "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      "a in ()",
      `unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty`,
    ],
    [
      "a>b",
      `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ["!=b", "found '!=', expected: !, identifier, or 'end of string'"],
    ["a=(b)", "unable to parse requirement: found '(', expected: identifier"],
  ])("%j is not understood", (text, why) => expect(() => parseSelector(text)).toThrow(new RangeError(why)))

  it("of any terms reads back as it was written, and answers the same", () => {
    const value = fc.constantFrom("", "a", "b-c", "1.5", "x_y")
    const key = fc.constantFrom("a", "b.c", "d.test/e", "in", "notin")
    const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 })
    const term = fc.oneof(
      fc.record({ key, operator: fc.constantFrom("In" as const, "NotIn" as const), values }),
      fc.record({
        key,
        operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const),
        values: fc.constant([] as string[]),
      }),
      fc.record({
        key,
        operator: fc.constantFrom("Gt" as const, "Lt" as const),
        values: fc.nat(9).map((count) => [`${count}`]),
      }),
    )
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), fc.dictionary(key, value), (terms, given) => {
        const text = formatSelector(terms)
        const read = parseSelector(text)
        expect(formatSelector(read)).toBe(text)
        expect(matches(read, given)).toBe(matches(terms, given))
      }),
    )
  })

  it("is written in one way only", () => {
    expect(
      formatSelector({
        matchLabels: { tier: "front", app: "web" },
        matchExpressions: [
          { key: "zone", operator: "In", values: ["b", "a"] },
          { key: "canary", operator: "DoesNotExist" },
        ],
      }),
    ).toBe("app=web,!canary,tier=front,zone in (a,b)")
  })
})
