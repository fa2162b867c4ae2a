import { expect, it } from "vitest"
import {
  disallowed,
  errorText,
  invalidKey,
  invalidValue,
  missing,
  mistake,
  outOfBounds,
  via,
  viaEach,
} from "./field-error.ts"

it("a mistake is told with the path that leads to it", () => {
  const inContainer = viaEach("containers", [{}, {}], (_, at) => (at === 1 ? [missing("image")] : []))
  expect(errorText(via("spec", via("template", inContainer)))).toBe(
    "missing field(s): spec.template.containers[1].image",
  )
  expect(errorText(via("spec", via("traffic", via("[0]", [missing("tag")]))))).toBe(
    "missing field(s): spec.traffic[0].tag",
  )
  expect(errorText(via("spec", [mistake("sums to 90", "")]))).toBe("sums to 90: spec")
})

it("the same mistake in several places is told once, and all in order", () => {
  const errors = [
    outOfBounds(601, 0, 600, "timeoutSeconds"),
    disallowed("tty"),
    disallowed("lifecycle", "tty"),
    invalidValue("a", "x", "first", "second"),
    invalidValue("a", "y"),
    invalidKey("k", "metadata.annotations", "why"),
  ]
  expect(errorText(errors).split("\n")).toEqual([
    "expected 0 <= 601 <= 600: timeoutSeconds",
    'invalid key name "k": metadata.annotations',
    "why",
    "invalid value: a: y",
    "invalid value: a: x",
    "first, second",
    "must not set the field(s): lifecycle, tty",
  ])
})

it("a mistake of no field in particular ends in nothing", () => {
  expect(errorText(via("spec", [mistake("multi-container is off, but found 2 containers")]))).toBe(
    "multi-container is off, but found 2 containers: ",
  )
})
