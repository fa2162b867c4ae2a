import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { HeaderDecoder } from "./decoder.ts"
import { HeaderEncoder } from "./encoder.ts"
import { ReferencePeer } from "./testing/reference-peer.ts"

const listBytesMax = 1024 * 1024
const json = [":status", "200", "content-type", "application/json", "x-flow", "3f"]

const expectedBlocks = [
  Buffer.concat([Buffer.from([0x88, 0x0f, 0x10, 0x10]), Buffer.from("application/json\0\x06x-flow\x023f")]),
  Buffer.concat([Buffer.from([0x88, 0x5f, 0x10]), Buffer.from("application/json\x40\x06x-flow\x023f")]),
  Buffer.from([0x88, 0xbf, 0xbe]),
]

describe("a list of headers", () => {
  it("is nothing but indexes from the third time on that it is sent", () => {
    const encoder = new HeaderEncoder()
    const sizes = [1, 2, 3, 4].map(() => encoder.encode(json).length)
    expect(sizes[1]).toBeGreaterThan(20)
    expect(sizes.slice(2)).toEqual([3, 3])
  })

  it("keeps numbers, dates and ids, of which each is another, out of the table", () => {
    const encoder = new HeaderEncoder()
    for (let times = 0; times < 3; times++) encoder.encode(json)
    for (let id = 0; id < 1000; id++) encoder.encode(["audit-id", String(id), "content-length", String(1000 - id)])
    expect(encoder.encode(json)).toHaveLength(3)
  })

  it("never lets a secret be remembered, by us or by anybody on the way", () => {
    const encoder = new HeaderEncoder()
    const secret = ["set-cookie", "id=1"]
    for (let times = 0; times < 3; times++) {
      const block = encoder.encode(secret)
      expect((block[0] as number) & 0xf0).toBe(0x10)
      expect(block).toHaveLength(2 + 1 + 4)
    }
  })

  it("that is frozen is encoded once, for as long as the table stays as it is", () => {
    const encoder = new HeaderEncoder()
    const decoder = new HeaderDecoder(4096)
    const head = Object.freeze([...json])
    for (let times = 0; times < 3; times++) decoder.decode(encoder.encode(head), listBytesMax)
    const bytes = encoder.encode(head)
    expect(encoder.encode(head)).toBe(bytes)
    for (let times = 0; times < 2; times++) decoder.decode(encoder.encode(["x-other", "1"]), listBytesMax)
    expect(decoder.decode(encoder.encode(head), listBytesMax)).toEqual(json)
    encoder.setTableSize(0)
    expect(decoder.decode(encoder.encode(head), listBytesMax)).toEqual(json)
  })

  it("with what is no octet is refused, and what follows is understood", () => {
    const encoder = new HeaderEncoder()
    const decoder = new HeaderDecoder(4096)
    for (let times = 0; times < 2; times++) decoder.decode(encoder.encode(json), listBytesMax)
    decoder.decode(encoder.encode(["x-new", "1"]), listBytesMax)
    expect(() => encoder.encode(["x-new", "1", "x-bad", "a\u010ab"])).toThrow("U+010a: octets only")
    expect(decoder.decode(encoder.encode([...json, "x-new", "1"]), listBytesMax)).toEqual([...json, "x-new", "1"])
  })

  it("is sent as RFC 7541 writes it: named, remembered, then as an index", () => {
    const encoder = new HeaderEncoder()
    for (const expected of expectedBlocks) expect(Buffer.from(encoder.encode(json))).toEqual(expected)
  })

  it("may be larger than any before", () => {
    const large = ["x-large", "x".repeat(100_000), "x-after", "1"]
    expect(new HeaderDecoder(4096).decode(new HeaderEncoder().encode(large), listBytesMax)).toEqual(large)
  })
})

describe("the other end's table", () => {
  it("hears of a size that was smaller in between", () => {
    const encoder = new HeaderEncoder()
    for (let times = 0; times < 3; times++) encoder.encode(json)
    encoder.setTableSize(0)
    encoder.setTableSize(100_000)
    expect(encoder.encode([":status", "200"])).toEqual(Buffer.from([0x20, 0x3f, 0xe1, 0x1f, 0x88]))
    expect(encoder.encode([":status", "200"])).toEqual(Buffer.from([0x88]))
  })

  it("is not filled beyond the usual size, however large it may be", () => {
    const encoder = new HeaderEncoder()
    encoder.setTableSize(1_000_000)
    expect(encoder.encode([":status", "200"])).toEqual(Buffer.from([0x88]))
  })
})

const texts = fc.oneof(
  fc.constantFrom("a", "b", "application/json"),
  fc.string({ maxLength: 30 }),
  fc.string({ minLength: 900, maxLength: 1100 }),
)
const values = texts.map((text) => text.replaceAll(/[^\x21-\x7e]/g, "."))
const names = fc.constantFrom("content-type", "date", "set-cookie", "audit-id", "x-a", "x-b", "x-c", "x-d")
const fields = fc.array(fc.tuple(names, values), { maxLength: 6 })
const blocks = fc.array(fc.record({ fields, times: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 12 })
const tableSizes = fc.constantFrom(0, 50, 200, 1500, 4096)

describe("whatever is encoded", () => {
  it("is read back by our own decoder, while the table's size changes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tableSizes, blocks), { minLength: 1, maxLength: 6 }), (phases) => {
        const encoder = new HeaderEncoder()
        const decoder = new HeaderDecoder(4096)
        for (const [size, lists] of phases) {
          encoder.setTableSize(size)
          for (const list of flat(lists)) expect(decoder.decode(encoder.encode(list), listBytesMax)).toEqual(list)
        }
      }),
      { numRuns: 100 },
    )
  })

  it("is read by nghttp2 as it was meant, with a table of any size", async () => {
    await fc.assert(
      fc.asyncProperty(blocks, tableSizes, async (lists, tableSize) => {
        const encoder = new HeaderEncoder()
        encoder.setTableSize(tableSize)
        const answers = flat(lists).map((list) => [":status", "200", ...list])
        const peer = new ReferencePeer(tableSize)
        try {
          const encoded = answers.map((answer) => Buffer.from(encoder.encode(answer)))
          expect(await peer.readsOf(encoded)).toEqual(answers)
        } finally {
          peer.close()
        }
      }),
      { numRuns: 40 },
    )
  })
})

function flat(lists: readonly { fields: [string, string][]; times: number }[]): string[][] {
  return lists.flatMap(({ fields, times }) =>
    Array.from({ length: times }, () => Object.freeze(fields.flat()) as string[]),
  )
}
