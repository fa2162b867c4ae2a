import { describe, expect, it } from "vitest"
import { wellFormed } from "./well-formed.ts"

const read = (text: string): unknown => wellFormed(JSON.parse(text), text)

describe("half a surrogate pair", () => {
  it("is the replacement character, in values and in keys", () => {
    expect(read('{"a\\ud800":["\\uDC00x",{"b":"\\ud800"}]}')).toEqual({ "a\ufffd": ["\ufffdx", { b: "\ufffd" }] })
  })

  it("is told from a whole pair and from other escapes, which stay as they are", () => {
    expect(read('{"a":"\\ud83d\\ude00\\u00e4","__proto__":"\\ud83d\\ude00"}')).toEqual(
      JSON.parse('{"a":"😀ä","__proto__":"😀"}'),
    )
  })
})
