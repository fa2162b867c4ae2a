import { describe, expect, it } from "vitest"
import { parseRange } from "../address.ts"
import { linkMessages } from "./messages.ts"
import { attribute, composed, gap, message, u8 } from "./netlink.ts"

describe("messages to the kernel", () => {
  it("say their lengths, and are padded to words", () => {
    const { bytes } = composed(message(20, 4, u8(2, 24, 0, 0), ...attribute(3, Buffer.from("lo\0"))))
    expect(bytes.readUInt32LE(0)).toBe(bytes.length)
    expect([bytes.readUInt16LE(4), bytes.readUInt16LE(6)]).toEqual([20, 5])
    expect([bytes.readUInt16LE(20), bytes.readUInt16LE(22)]).toEqual([7, 3])
    expect(bytes.length).toBe(28)
  })

  it("know where each gap is, in all messages that are sent together", () => {
    const one = message(1, 0, u8(1), gap("index", 4), u8(0, 0, 0))
    expect(composed([...one, ...one]).gaps).toEqual(new Map([["index", [17, 41]]]))
  })

  it("are whole for each link: the last of those sent together is answered, the others only when refused", () => {
    const pods = parseRange("10.234.0.0/16")
    const all = linkMessages({ pods: pods ?? { first: 0, prefix: 0 }, mtuBytes: undefined })
    for (const { bytes } of Object.values(all)) {
      const flags: number[] = []
      for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) flags.push(bytes.readUInt16LE(at + 6) & 4)
      expect(flags).toEqual([...flags.slice(1).map(() => 0), 4])
    }
  })
})
