import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  milliUnits,
  parseQuantity,
  wholeUnits,
} from "./quantity.ts"

describe("a quantity", () => {
  it.each([
    ["1500m", "1500m"],
    ["1.5", "1500m"],
    ["2048Ki", "2Mi"],
    ["1.5Gi", "1536Mi"],
    ["1000", "1k"],
    ["1024", "1024"],
    ["1e3", "1e3"],
    ["0.5m", "500u"],
    ["-2", "-2"],
    [".5", "500m"],
  ])("%s is written %s", (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical))

  it.each(["", "m", "1.2.3", "5 Mi", "1KiB", "0x10"])("%j is none", (text) => expect(isQuantity(text)).toBe(false))

  it("adds exactly, in the format of the first", () => {
    expect(addQuantities("0.1", "0.2")).toBe("300m")
    expect(addQuantities("1Gi", "512Mi")).toBe("1536Mi")
  })

  it("is compared by amount, not by text", () => {
    expect(compareQuantities("1Gi", "1024Mi")).toBe(0)
    expect(compareQuantities("1G", "1Gi")).toBe(-1)
  })

  it("counts as CPU in thousandths and as memory in bytes, rounded up", () => {
    expect(milliUnits("0.25")).toBe(250)
    expect(milliUnits("1u")).toBe(1)
    expect(wholeUnits("1Ki")).toBe(1024)
  })

  it("reads back what it writes", () => {
    const format = fc.constantFrom("decimal" as const, "binary" as const, "exponent" as const)
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 18n), 10n ** 18n), format, (nanos, written) => {
        expect(parseQuantity(formatQuantity(nanos, written))).toBe(nanos)
      }),
    )
  })
})
