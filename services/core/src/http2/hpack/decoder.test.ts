import { seededRandom } from "@wick/sdk/clock"
import fc from "fast-check"
import { describe, expect, it, onTestFinished } from "vitest"
import { mutate } from "../../fuzz/mutate.ts"
import { CompressionError } from "./compression-error.ts"
import { HeaderDecoder } from "./decoder.ts"
import { ReferencePeer } from "./testing/reference-peer.ts"

const runs = Number(process.env.WICK_FUZZ_RUNS ?? 20_000)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)
const listBytesMax = 64 * 1024

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex")

/** Examples of RFC 7541, Appendix C: the blocks of one connection, and what each says. */
const examples: { name: string; tableSize: number; blocks: [block: string, ...fields: string[]][] }[] = [
  {
    name: "C.2.1, a literal that is remembered",
    tableSize: 4096,
    blocks: [["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header"]],
  },
  {
    name: "C.2.2, a literal that is not remembered",
    tableSize: 4096,
    blocks: [["040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"]],
  },
  {
    name: "C.2.3, a literal that nobody may remember",
    tableSize: 4096,
    blocks: [["1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"]],
  },
  { name: "C.2.4, an index", tableSize: 4096, blocks: [["82", ":method: GET"]] },
  {
    name: "C.3, requests",
    tableSize: 4096,
    blocks: [
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
      ],
      [
        "8286 84be 5808 6e6f 2d63 6163 6865",
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
        "cache-control: no-cache",
      ],
      [
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
      ],
    ],
  },
  {
    name: "C.4, requests in Huffman's code",
    tableSize: 4096,
    blocks: [
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
      ],
      [
        "8286 84be 5886 a8eb 1064 9cbf",
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
        "cache-control: no-cache",
      ],
      [
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
      ],
    ],
  },
  {
    name: "C.5, answers that push one another out of the table",
    tableSize: 256,
    blocks: [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ],
      [
        "4803 3330 37c1 c0bf",
        ":status: 307",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31`,
        ":status: 200",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com",
        "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      ],
    ],
  },
  {
    name: "C.6, the same in Huffman's code",
    tableSize: 256,
    blocks: [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
         8f0b 97c8 e9ae 82ae 43d3`,
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ],
      [
        "4883 640e ffc1 c0bf",
        ":status: 307",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        ":status: 200",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com",
        "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      ],
    ],
  },
]

describe("the examples of RFC 7541", () => {
  it.each(examples)("are read as they are meant: $name", ({ tableSize, blocks }) => {
    // Twice, on two connections: what one has said before makes no difference to another.
    for (const decoder of [new HeaderDecoder(tableSize), new HeaderDecoder(tableSize)]) {
      for (const [block, ...fields] of blocks) expect(linesOf(decoder.decode(hex(block), listBytesMax))).toEqual(fields)
    }
  })
})

function linesOf(list: string[] | undefined): string[] | undefined {
  return list?.flatMap((text, at) => (at % 2 === 0 ? [`${text}: ${list[at + 1]}`] : []))
}

describe("a block that makes no sense", () => {
  const numberTooLong = "ff ffff ffff 7f"
  it.each<[string, string]>([
    ["an index of 0", "80"],
    ["an index beyond both tables", "be"],
    ["a name's index beyond both tables", "7f00 00"],
    ["a number without an end", "ff"],
    ["a number with continuations but no end", "ff80 8080"],
    ["a number longer than any that makes sense", numberTooLong],
    ["a number padded with nothing for long", "ff80 8080 8080 00"],
    ["a literal without a name", "40"],
    ["a literal without a value", "4001 61"],
    ["a name longer than the block", "4005 6161"],
    ["a value longer than the block", "4001 6105 61"],
    ["a change of the table's size after a field", "82 20"],
    ["a table larger than allowed", "3fe2 1f"],
    ["Huffman's code padded with a whole octet", "0001 6182 1fff"],
    ["Huffman's code padded with zeros", "0001 6181 18"],
    ["Huffman's code with the code that ends texts", "0001 6184 ffff fffc"],
    ["Huffman's code with that code and an octet after it", "0001 6185 ffff fffc 1f"],
  ])("is refused: %s", (_, block) => {
    expect(() => new HeaderDecoder(4096).decode(hex(block), listBytesMax)).toThrow(CompressionError)
  })

  it("is not one that is empty, or that only changes the table's size", () => {
    const decoder = new HeaderDecoder(4096)
    expect(decoder.decode(hex(""), listBytesMax)).toEqual([])
    expect(decoder.decode(hex("20 3fe1 1f"), listBytesMax)).toEqual([])
  })
})

describe("the table", () => {
  const remember = hex("40 0161 0162")

  it("forgets everything when its size is set to nothing, and begins anew", () => {
    const decoder = new HeaderDecoder(4096)
    decoder.decode(remember, listBytesMax)
    expect(decoder.decode(hex("be"), listBytesMax)).toEqual(["a", "b"])
    decoder.decode(hex("20 3fe1 1f"), listBytesMax)
    expect(() => decoder.decode(hex("be"), listBytesMax)).toThrow(CompressionError)
    decoder.decode(remember, listBytesMax)
    expect(decoder.decode(hex("be"), listBytesMax)).toEqual(["a", "b"])
  })

  it("is emptied by what is too large for it", () => {
    const decoder = new HeaderDecoder(64)
    decoder.decode(remember, listBytesMax)
    const large = Buffer.concat([hex("40 0161 3f"), Buffer.alloc(63, "x")])
    expect(decoder.decode(large, listBytesMax)).toEqual(["a", "x".repeat(63)])
    expect(() => decoder.decode(hex("be"), listBytesMax)).toThrow(CompressionError)
  })

  it("takes an entry's name from one that its own entry pushes out", () => {
    const decoder = new HeaderDecoder(40)
    decoder.decode(remember, listBytesMax)
    expect(decoder.decode(hex("7e 0363 6363"), listBytesMax)).toEqual(["a", "ccc"])
    expect(decoder.decode(hex("be"), listBytesMax)).toEqual(["a", "ccc"])
  })
})

describe("a list that is too large", () => {
  it("is not given, and what follows it is read all the same", () => {
    const decoder = new HeaderDecoder(4096)
    const list = hex("40 0161 0162 82 82 82 40 0163 0164")
    expect(decoder.decode(list, 4 * 42 - 1)).toBeUndefined()
    expect(decoder.decode(hex("be bf"), listBytesMax)).toEqual(["c", "d", "a", "b"])
  })

  it("grows no larger than is allowed, whatever an index stands for", () => {
    const decoder = new HeaderDecoder(4096)
    const entry = Buffer.concat([hex("40 0161 7fa1 1e"), Buffer.alloc(4000, "x")])
    expect(decoder.decode(entry, listBytesMax)?.[1]).toHaveLength(4000)
    const bomb = Buffer.alloc(1024 * 1024, 0xbe)
    const before = process.memoryUsage().heapUsed
    for (let times = 0; times < 10; times++) expect(decoder.decode(bomb, listBytesMax)).toBeUndefined()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024)
  })

  it("counts 32 bytes for each field besides its texts", () => {
    const field = hex("00 0161 0162")
    expect(new HeaderDecoder(4096).decode(field, 34)).toEqual(["a", "b"])
    expect(new HeaderDecoder(4096).decode(field, 33)).toBeUndefined()
  })
})

const octets = (most: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength: most }).map((bytes) =>
    Buffer.from(bytes.map((byte) => (byte < 0x20 ? 0x21 : byte)))
      .toString("latin1")
      .trim(),
  )
const names = fc.constantFrom(
  "accept",
  "user-agent",
  "x-a",
  "x-b",
  "x-long-name-of-a-field",
  "authorization",
  "content-type",
)
const values = fc.oneof(fc.constantFrom("", "a", "application/json", "Bearer 1234"), octets(40), octets(300))
const lists = fc.array(fc.array(fc.tuple(names, values), { maxLength: 12 }), { minLength: 1, maxLength: 8 })

describe("what nghttp2 sends", () => {
  it("is read as it was meant, whatever the fields, with a table of any size", async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.constantFrom(0, 100, 600, 4096), async (fieldLists, tableSize) => {
        const requests = fieldLists.map((fields, at) => [
          ...[":method", "GET", ":path", `/${at % 3}`, ":scheme", "http", ":authority", "x"],
          ...new Map(fields).entries().toArray().flat(),
        ])
        const peer = new ReferencePeer()
        try {
          const blocks = await peer.blocksOf(requests, tableSize)
          const decoder = new HeaderDecoder(4096)
          expect(blocks.map((block) => pairsOf(decoder.decode(block, listBytesMax)))).toEqual(requests.map(pairsOf))
        } finally {
          peer.close()
        }
      }),
      { numRuns: 100 },
    )
  })

  it.each([0x20, 0x60, 0xa0, 0xe0])(
    "is read as it was meant for each octet from %i on, in Huffman's code",
    async (first) => {
      const peer = new ReferencePeer()
      onTestFinished(() => peer.close())
      const octetsHere = Array.from({ length: 0x40 }, (_, at) => first + at).filter(
        (octet) => octet !== 0x7f && octet < 0x100,
      )
      const requests = octetsHere.map((octet) => [
        ...[":method", "GET", ":path", "/", ":scheme", "http", ":authority", "x"],
        ...["x-coded", `eeeeeeeeeeeeeeeeeeeeeeee${String.fromCharCode(octet)}e`],
      ])
      const blocks = await peer.blocksOf(requests)
      const decoder = new HeaderDecoder(4096)
      expect(blocks.map((block) => pairsOf(decoder.decode(block, listBytesMax)))).toEqual(requests.map(pairsOf))
      for (const block of blocks) expect(block.includes("eee")).toBe(false)
    },
  )
})

/** Order of different names means nothing. */
function pairsOf(list: readonly string[] | undefined): string[] | undefined {
  return linesOf(list as string[])?.sort()
}

describe("whatever is sent", () => {
  it("is read or refused, and the table stays within its size", () => {
    const random = seededRandom(seed)
    const samples = examples.flatMap(({ blocks }) => blocks.map(([block]) => hex(block)))
    let read = 0
    let refused = 0
    for (let run = 0; run < runs; run++) {
      const decoder = new HeaderDecoder(random.below(2) === 0 ? 4096 : 100)
      try {
        for (let blocks = 0; blocks < 3; blocks++) {
          const list = decoder.decode(mutate(samples, random), 1000)
          read++
          if (list !== undefined) expect(list.join("").length + 16 * list.length).toBeLessThanOrEqual(1000)
        }
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error
        refused++
      }
    }
    expect(read).toBeGreaterThan(runs / 10)
    expect(refused).toBeGreaterThan(runs / 10)
  })
})
