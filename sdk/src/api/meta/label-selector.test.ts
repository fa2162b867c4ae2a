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
  ])("%j answers %s", (text, answer) => expect(matches(parseSelector(text), labels)).toBe(answer))

  it.each(["a=b=c", "in (x)", "a in x", "=b", "a,,b"])("%j is not understood", (text) =>
    expect(() => parseSelector(text)).toThrow(RangeError),
  )

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
