import { describe, expect, it } from "vitest"
import { formatFieldSelector, matchesFields, parseFieldSelector } from "./field-selector.ts"

describe("a field selector", () => {
  it("is terms with commas between, each with one of three operators", () => {
    expect(parseFieldSelector("metadata.name=web, status.phase!=Failed,spec.nodeName==a,")).toEqual([
      { field: "metadata.name", operator: "=", value: "web" },
      { field: "status.phase", operator: "!=", value: "Failed" },
      { field: "spec.nodeName", operator: "=", value: "a" },
    ])
  })

  it.each(["a,b", "a=\\a", "=b", "a=b=c"])("refuses %s", (text) => {
    expect(() => parseFieldSelector(text)).toThrow("can't understand")
  })

  it("survives its own text, whatever its values hold", () => {
    const wanted = { "metadata.name": "a,b=c\\d", "spec.unschedulable": false }
    const text = formatFieldSelector(wanted)
    expect(text).toBe("metadata.name=a\\,b\\=c\\\\d,spec.unschedulable=false")
    expect(formatFieldSelector(parseFieldSelector(text))).toBe(text)
  })

  it("is answered by the fields of an object, an absent one being empty", () => {
    const read = (field: string): string => ({ "metadata.name": "web" })[field] ?? ""
    expect(matchesFields(parseFieldSelector("metadata.name=web,spec.nodeName="), read)).toBe(true)
    expect(matchesFields(parseFieldSelector("metadata.name!=web"), read)).toBe(false)
  })
})
