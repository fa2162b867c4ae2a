import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { mutate, pieces } from "../../fuzz/mutate.ts"
import { ClientFrames, preface } from "./client-frames.ts"
import { mendAuthority } from "./header-block.ts"
import { HeaderMender } from "./header-mender.ts"
import { Opening } from "./opening.ts"

const runs = Number(process.env.WICK_FUZZ_RUNS ?? 2_000)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex")
const frame = (type: number, flags: number, payload: Buffer): Buffer => {
  const head = Buffer.from([0, 0, 0, type, flags, 0, 0, 0, 1])
  head.writeUIntBE(payload.length, 0, 3)
  return Buffer.concat([head, payload])
}
const plain = Buffer.concat([hex("8386 8441 08"), Buffer.from("http://x")])
const settings = frame(4, 0, Buffer.alloc(0))
const settingsTaken = frame(4, 1, Buffer.alloc(0))
const ping = frame(6, 0, Buffer.alloc(8, 7))

describe("a header block", () => {
  it("of RFC 7541's examples is left as it is, and known for what it says", () => {
    // C.3.1 and C.4.1: `:authority: www.example.com`, plain and in Huffman's code.
    for (const block of [
      hex("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"),
      hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"),
    ]) {
      const before = Buffer.from(block)
      expect(mendAuthority(block)).toBe(0)
      expect(block).toEqual(before)
    }
  })

  it("with slashes has dots after, plain and in Huffman's code, in its authority alone", () => {
    // C.6.1's `location: https://www.example.com` in Huffman's code, here as `:authority`, then as it is there.
    const location = "91 9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"
    const url = hex(`41 ${location} 6e ${location}`)
    const before = Buffer.from(url)
    expect(mendAuthority(url)).toBe(2)
    expect(url.subarray(1 + 18)).toEqual(before.subarray(1 + 18))
    expect(mendAuthority(url)).toBe(0)
    const block = Buffer.from(plain)
    expect(mendAuthority(block)).toBe(2)
    expect(block.toString("latin1")).toContain("http:..x")
  })
})

const samples = [
  frame(1, 4, plain),
  frame(1, 4 | 8 | 0x20, Buffer.concat([hex("03 80000000 10"), plain, Buffer.alloc(3)])),
  Buffer.concat([frame(1, 0, plain.subarray(0, 9)), frame(9, 0, Buffer.alloc(0)), frame(9, 4, plain.subarray(9))]),
  Buffer.concat([settings, ping, frame(0, 0, Buffer.alloc(20_000, 1)), frame(1, 5, plain), settingsTaken]),
  frame(1, 4, hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff 41ff ffff ff7f")),
]

describe("whatever a client sends", () => {
  it("passes the mender whole: each byte in its place, however it was cut", () => {
    let mended = 0
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(seed * 1_000_003 + run)
      const bytes = mutate(samples, random)
      const mend = (chunks: readonly Buffer[]): Buffer => {
        const [frames, headers] = [new ClientFrames(), new HeaderMender()]
        const passed = chunks.flatMap((chunk) => frames.push(Buffer.from(chunk)).flatMap((each) => headers.take(each)))
        const all = Buffer.concat([...passed, ...headers.rest(), frames.rest()])
        mended += headers.mended
        return all
      }
      const whole = mend([bytes])
      expect(whole.length).toBe(bytes.length)
      expect(mend(pieces(bytes, random))).toEqual(whole)
    }
    expect(mended).toBeGreaterThan(runs / 8)
  })

  it("opens a connection with all of it, refuses it, or waits for more; nothing is made up", () => {
    const opened = { open: 0, waiting: 0, mending: 0, refused: 0 }
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(seed * 1_000_003 + run)
      const bytes =
        random.below(10) === 0 ? mutate([preface], random) : Buffer.concat([preface, mutate(samples, random)])
      const opening = new Opening()
      let given = 0
      for (const piece of pieces(Buffer.from(bytes), random)) {
        given += piece.length
        const result = opening.push(piece)
        opened[result.kind]++
        if (result.kind === "waiting") expect(result.reply.length).toBeLessThanOrEqual(given + settings.length)
        if (result.kind !== "open") continue
        if (result.mender === undefined) expect(result.bytes.length).toBeLessThanOrEqual(given)
        else opened.mending++
        break
      }
    }
    expect(opened.refused).toBe(0)
    expect(Math.min(opened.open, opened.waiting, opened.mending)).toBeGreaterThan(runs / 40)
  })
})
