import { describe, expect, it } from "vitest"
import { type Body, ChunkedBody, CountedBody, EndlessBody } from "./body.ts"

/** What a body gives of these pieces, and what it leaves of the last. */
function take(body: Body, ...pieces: string[]): { text: string; left: string } {
  let text = ""
  const sink = {
    bodyData: (piece: Buffer): void => {
      text += piece.toString("latin1")
    },
  }
  let left = ""
  for (const piece of pieces) left = piece.slice(body.take(Buffer.from(piece, "latin1"), 0, sink))
  return { text, left }
}

describe("a body of a length", () => {
  it("is so many bytes, in as many pieces as they come", () => {
    const body = new CountedBody(5)
    expect(take(body, "ab", "c")).toEqual({ text: "abc", left: "" })
    expect(body.isWhole).toBe(false)
    expect(take(body, "deGET /")).toEqual({ text: "de", left: "GET /" })
    expect(body.isWhole).toBe(true)
  })
})

describe("a body that ends with its connection", () => {
  it("is never whole by itself", () => {
    const body = new EndlessBody()
    expect(take(body, "0\r\n\r\n")).toEqual({ text: "0\r\n\r\n", left: "" })
    expect(body.isWhole).toBe(false)
  })
})

describe("a body in chunks", () => {
  const whole = '3;a=b\r\nabc\r\n00A;x;y="z;\\" z"\r\n0123456789\r\n000\r\nT-a: 1\r\nt-b:\r\n\r\n'

  it("is what is in them, and its trailers", () => {
    const body = new ChunkedBody()
    expect(take(body, `${whole}GET /`)).toEqual({ text: "abc0123456789", left: "GET /" })
    expect(body.isWhole).toBe(true)
    expect(body.trailers).toEqual(["T-a", "1", "t-b", ""])
  })

  it("is the same wherever the network cuts it", () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const body = new ChunkedBody()
      expect(take(body, whole.slice(0, cut), whole.slice(cut)).text).toBe("abc0123456789")
      expect([body.isWhole, body.trailers.length]).toEqual([true, 4])
    }
    expect(take(new ChunkedBody(), ...whole).text).toBe("abc0123456789")
  })

  it.each([
    ["a size with a sign", "+3\r\nabc"],
    ["a negative size", "-3\r\nabc"],
    ["a size as programs write it", "0x3\r\nabc"],
    ["a size with a space before it", " 3\r\nabc"],
    ["a size with a space behind it", "3 \r\nabc"],
    ["a size with a digit group", "1_0\r\nabc"],
    ["no size", "\r\nabc"],
    ["only an extension", ";a=b\r\nabc"],
    ["a size beyond what numbers hold", "fffffffffffffff\r\nabc"],
    ["a size that a shorter number would cut", "100000000000000003\r\nabc"],
    ["a size that ends by LF", "3\nabc\r\n"],
    ["an extension without a name", "3;\r\nabc"],
    ["an extension behind a blank", "3 ;a\r\nabc"],
    ["an extension without its value", "3;a=\r\nabc"],
    ["a quoted extension that does not end", '3;a="b\r\nabc'],
    ["an extension with an LF in it", "3;a\nb\r\nabc"],
    ["an extension with a CR in it", "3;a\rb\r\nabc"],
    ["an extension with a NUL in it", "3;a\0b\r\nabc"],
    ["more in it than it says", "3\r\nabcdef\r\n"],
    ["less in it than it says", "5\r\nabc\r\n0\r\n\r\n"],
    ["an end by LF", "3\r\nabc\n0\r\n\r\n"],
    ["an end by two CRs", "3\r\nabc\r\r\n0\r\n\r\n"],
    ["an empty line behind its end", "3\r\nabc\r\n\r\n0\r\n\r\n"],
  ])("is refused with %s", (_, bytes) => {
    expect(() => take(new ChunkedBody(), bytes)).toThrow()
    expect(() => take(new ChunkedBody(), ...bytes)).toThrow()
  })

  it.each([
    ["a folded trailer", "0\r\na: b\r\n c\r\n\r\n"],
    ["a trailer that begins folded", "0\r\n a: b\r\n\r\n"],
    ["a trailer that ends by LF", "0\r\na: b\n\r\n"],
    ["a trailer with a CR", "0\r\na: b\r\r\n\r\n"],
    ["a length too late", "0\r\nContent-Length: 3\r\n\r\n"],
    ["a coding too late", "0\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["a line that is no trailer", "0\r\nGET / HTTP/1.1\r\n\r\n"],
    ["an empty line by LF", "0\r\n\n"],
  ])("is refused with %s", (_, bytes) => {
    expect(() => take(new ChunkedBody(), bytes)).toThrow()
    expect(() => take(new ChunkedBody(), ...bytes)).toThrow()
  })

  it("has lines of 8 KiB at most, and 64 KiB of trailers", () => {
    expect(() => take(new ChunkedBody(), "3;", "x".repeat(9_000))).toThrow("does not end")
    expect(() => take(new ChunkedBody(), `0\r\na: ${"x".repeat(9_000)}\r\n`)).toThrow("does not end")
    expect(() => take(new ChunkedBody(), "0\r\n", ...Array(70).fill(`a: ${"x".repeat(1_000)}\r\n`))).toThrow(
      expect.objectContaining({ status: 431 }),
    )
  })

  it("has 16 KiB of extensions at most, in all chunks together", () => {
    const chunk = `1;${"x".repeat(1_000)}\r\na\r\n`
    expect(take(new ChunkedBody(), ...Array(16).fill(chunk)).text).toHaveLength(16)
    expect(() => take(new ChunkedBody(), ...Array(17).fill(chunk))).toThrow(expect.objectContaining({ status: 413 }))
  })
})
