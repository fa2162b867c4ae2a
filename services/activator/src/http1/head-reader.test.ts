import { describe, expect, it } from "vitest"
import { HeadReader } from "./head-reader.ts"

/** What comes out as the pieces come in one after the other, with what was left of the last. */
function read(...pieces: string[]): (string | undefined)[] {
  const reader = new HeadReader()
  return pieces.map((piece) => reader.read(Buffer.from(piece, "latin1"), 0))
}

const head = "GET / HTTP/1.1\r\nhost: a\r\nx: y"

describe("the head of a message", () => {
  it("is whole with its empty line, and what follows is left alone", () => {
    const reader = new HeadReader()
    expect(reader.read(Buffer.from(`..${head}\r\n\r\nbody`), 2)).toBe(head)
    expect(reader.end).toBe(`..${head}\r\n\r\n`.length)
  })

  it("is the same wherever the network cuts it", () => {
    const whole = `\r\n\r\n${head}\r\n\r\n`
    for (let cut = 1; cut < whole.length; cut++) {
      expect(read(whole.slice(0, cut), whole.slice(cut))).toEqual([undefined, head])
    }
    expect(read(...whole).at(-1)).toBe(head)
  })

  it("ends in the read that brings its end, however much came before", () => {
    const reader = new HeadReader()
    reader.read(Buffer.from(`${head}\r`), 0)
    expect(reader.read(Buffer.from("\n\r\nbody"), 0)).toBe(head)
    expect(reader.end).toBe(3)
  })

  it("has begun with its first byte, which is none of an empty line", () => {
    const reader = new HeadReader()
    reader.read(Buffer.from("\r\n\r\n"), 0)
    expect(reader.hasBegun).toBe(false)
    reader.read(Buffer.from("G"), 0)
    expect(reader.hasBegun).toBe(true)
  })

  it("is followed by the next on the same connection", () => {
    expect(read("A\r\n\r\n", "B\r\n\r\n")).toEqual(["A", "B"])
  })
})

describe("a head that would never end", () => {
  it("is refused as soon as a line ends without CR", () => {
    expect(() => read("GET / HTTP/1.1\n")).toThrow("without CR")
    expect(() => read("GET / HTTP/1.1\r\nhost: a", "\n")).toThrow("without CR")
    expect(() => read("\n")).toThrow("without CR")
  })

  it("is refused beyond 64 KiB, in one piece or in many", () => {
    const fits = "x".repeat(64 * 1024 - 4)
    expect(read(`${fits}\r\n\r\n`)).toEqual([fits])
    expect(read(fits, "\r\n\r\n").at(-1)).toBe(fits)
    expect(() => read(`${fits}x\r\n\r\n`)).toThrow("longer than")
    expect(() => read(fits, "x\r\n\r\n")).toThrow("longer than")
    expect(() => read("x".repeat(1_000_000))).toThrow(expect.objectContaining({ status: 431 }))
  })
})
