import { describe, expect, it } from "vitest"
import { double, doubles, fixed64, fixed64s, Message, number, optional, text, WireError } from "./index.ts"

const every = new Message({
  time: fixed64(1),
  counts: fixed64s(2),
  bounds: doubles(3),
  sum: optional(double(4)),
  name: optional(text(5)),
})

describe("a message of a table", () => {
  it("comes back as it was written", () => {
    const given = { time: 1_700_000_000_123_456_789n, counts: [0n, 2n ** 63n], bounds: [0.5, -1], sum: 1.25, name: "a" }
    expect(every.decode(every.encode(given))).toEqual(given)
  })

  it("tells what is absent from what is nothing", () => {
    expect(every.decode(every.encode({ sum: 0, name: "" }))).toMatchObject({ sum: 0, name: "" })
    expect(every.decode(every.encode({}))).toEqual({
      time: 0n,
      counts: [],
      bounds: [],
      sum: undefined,
      name: undefined,
    })
  })

  it("takes packed numbers that came one by one", () => {
    const single = new Message({ one: fixed64(2) })
    const bytes = Buffer.concat([single.encode({ one: 1n }), single.encode({ one: 2n })])
    expect(every.decode(bytes).counts).toEqual([1n, 2n])
  })

  it("refuses eight bytes of which some are missing", () => {
    // Field 2, length 7.
    expect(() => every.decode(Buffer.from([0x12, 7, 1, 2, 3, 4, 5, 6, 7]))).toThrow(WireError)
    expect(() =>
      new Message({ time: fixed64(1) }).decode(new Message({ time: number(1) }).encode({ time: 5 })),
    ).toThrow("where eight bytes belong")
  })
})
