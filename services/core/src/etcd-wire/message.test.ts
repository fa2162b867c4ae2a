import {
  bool,
  bytes,
  key,
  Message,
  message,
  messages,
  number,
  numbers,
  text,
  texts,
  WireError,
} from "@wick/sdk/protobuf"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compareTargets, keyValue, putRequest, rangeRequest, txnRequest } from "./kv-messages.ts"
import { watchRequest } from "./watch-messages.ts"

const inner = new Message({ count: number(1), name: text(16) })
const every = new Message({
  number: number(1),
  bool: bool(2),
  text: text(3),
  key: key(4),
  bytes: bytes(5),
  inner: message(6, () => inner),
  inners: messages(7, () => inner),
  texts: texts(8),
  numbers: numbers(9),
})

const wholeNumber = fc.maxSafeInteger()
const byteString = fc.uint8Array({ maxLength: 300 }).map((given) => Buffer.from(given).toString("latin1"))
const innerMessage = fc.record({ count: wholeNumber, name: fc.string() })
const anyMessage = fc.record({
  number: wholeNumber,
  bool: fc.boolean(),
  text: fc.string({ unit: "grapheme" }),
  key: byteString,
  bytes: fc.uint8Array({ maxLength: 20_000 }).map((given) => Buffer.from(given)),
  inner: fc.option(innerMessage, { nil: undefined }),
  inners: fc.array(innerMessage, { maxLength: 20 }),
  texts: fc.array(fc.string(), { maxLength: 5 }),
  numbers: fc.array(wholeNumber, { maxLength: 5 }),
})

describe("a message", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(anyMessage, (given) => {
        const read = every.decode(every.encode(given))
        expect({ ...read, bytes: Buffer.from(read.bytes) }).toEqual(given)
      }),
    )
  })

  it("has the bytes that protobuf gives it", () => {
    expect(putRequest.encode({ key: "a", value: Buffer.from("1"), lease: 300, previous: true }).toString("hex")).toBe(
      "0a016112013118ac022001",
    )
    expect(keyValue.encode({ version: -1 }).toString("hex")).toBe("20ffffffffffffffffff01")
  })

  it("has defaults for what was not sent, and skips what it does not know", () => {
    const unknown = Buffer.from("f807010a0161", "hex") // field 127, then the key
    expect(rangeRequest.decode(unknown)).toMatchObject({ key: "a", limit: 0, rangeEnd: "", keysOnly: false })
  })

  it("reads numbers that are packed and numbers that are not", () => {
    const create = (filters: string): Buffer => Buffer.from(`0a${hexLength(filters)}${filters}`, "hex")
    expect(watchRequest.decode(create("2a020001")).create?.filters).toEqual([0, 1])
    expect(watchRequest.decode(create("28002801")).create?.filters).toEqual([0, 1])
  })

  it("is refused when it is cut off, nested without end, or no message at all, and never read beyond its end", () => {
    const whole = putRequest.encode({ key: "a".repeat(50), value: Buffer.alloc(50) })
    expect(() => putRequest.decode(whole.subarray(0, 60))).toThrow(WireError)
    let nested: Buffer = Buffer.alloc(0)
    for (let depth = 0; depth < 200; depth++) {
      const operation = Buffer.concat([Buffer.of(0x22), varint(nested.length), nested])
      nested = Buffer.concat([Buffer.of(0x12), varint(operation.length), operation])
    }
    expect(() => txnRequest.decode(nested)).toThrow("levels")
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        for (const type of [txnRequest, watchRequest, rangeRequest, every]) {
          try {
            type.decode(Buffer.from(noise))
          } catch (error) {
            expect(error).toBeInstanceOf(WireError)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it("after one that failed in the middle is written whole", () => {
    const broken = { key: "a", value: undefined, lease: 1n as unknown as number }
    expect(() => putRequest.encode(broken)).toThrow()
    expect(putRequest.encode({ key: "b" }).toString("hex")).toBe("0a0162")
  })
})

describe("the targets of a comparison", () => {
  it("stand in the order of their numbers", () => expect(compareTargets.indexOf("lease")).toBe(4))
})

function varint(value: number): Buffer {
  const found: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) found.push((rest & 0x7f) | 0x80)
  return Buffer.from([...found, rest])
}

function hexLength(hex: string): string {
  return (hex.length / 2).toString(16).padStart(2, "0")
}
