import { describe, expect, it } from "vitest"
import { answerLines, requestLines, trailerFields } from "./head.ts"

const status = (head: string): number | undefined => {
  try {
    requestLines(head)
    return undefined
  } catch (error) {
    return (error as { status: number }).status
  }
}

describe("the head of a request", () => {
  it("is its three words and its header pairs, as they were written", () => {
    expect(requestLines("PATCH /a?b HTTP/1.1\r\nHost: x\r\nX-A:\t b c \t\r\nempty:\r\nX-a: again")).toEqual({
      method: "PATCH",
      target: "/a?b",
      minor: 1,
      fields: ["Host", "x", "X-A", "b c", "empty", "", "X-a", "again"],
    })
    expect(requestLines("GET * HTTP/1.0")).toEqual({ method: "GET", target: "*", minor: 0, fields: [] })
  })

  it("keeps bytes beyond ASCII in values as they are", () => {
    expect(requestLines("GET / HTTP/1.1\r\na: \xe9\x80\xff").fields).toEqual(["a", "\xe9\x80\xff"])
  })

  it.each([
    "GET /",
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "GET / x HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET /\tx HTTP/1.1",
    "GET /\x7f HTTP/1.1",
    "G(T / HTTP/1.1",
    "GET / http/1.1",
    "GET / HTTP/1.1x",
    "GET / HTTP/1",
    "GET / HTTP/11.1",
    "GET\r\n/ HTTP/1.1",
    "",
    "\r\nGET / HTTP/1.1",
  ])("is none when its first line is %j", (line) => {
    expect(status(line)).toBe(400)
  })

  it.each(["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"])("is not understood when it speaks %s", (version) => {
    expect(status(`GET / ${version}`)).toBe(505)
  })
})

describe("a header line", () => {
  it.each([
    ["a space before its colon", "a : b"],
    ["a tab before its colon", "a\t: b"],
    ["a fold", "a: b\r\n c: d"],
    ["a fold by a tab", "a: b\r\n\tc"],
    ["no colon", "a"],
    ["no colon of its own", "a\r\nb: c"],
    ["no name", ": b"],
    ["a name that is no token", "a b: c"],
    ["a name beyond ASCII", "a\xe9: c"],
    ["a NUL", "a: b\0c"],
    ["a NUL in its name", "a\0: b"],
    ["a control", "a: b\x01c"],
    ["a DEL", "a: b\x7f"],
    ["a lone LF", "a: b\nc: d"],
    ["a lone CR", "a: b\rc: d"],
    ["a lone CR at its end", "a: b\r"],
    ["a CR too many", "a: b\r\r\nc: d"],
  ])("is refused with %s", (_, line) => {
    expect(() => requestLines(`GET / HTTP/1.1\r\n${line}`)).toThrow()
    expect(() => answerLines(`HTTP/1.1 200 OK\r\n${line}`)).toThrow()
    expect(() => trailerFields(line)).toThrow()
  })
})

describe("the head of an answer", () => {
  it("is its status, its reason and its header pairs", () => {
    expect(answerLines("HTTP/1.1 404 Not  Here \xe9\r\na: b")).toEqual({
      status: 404,
      reason: "Not  Here \xe9",
      minor: 1,
      fields: ["a", "b"],
    })
  })

  it.each(["HTTP/1.0 200", "HTTP/1.0 200 "])("may go without a reason: %j", (line) => {
    expect(answerLines(line)).toEqual({ status: 200, reason: "", minor: 0, fields: [] })
  })

  it.each([
    "HTTP/1.1 20",
    "HTTP/1.1 2000",
    "HTTP/1.1 099 x",
    "HTTP/1.1 2e2 x",
    "HTTP/1.1 +20 x",
    "HTTP/1.1 0x9 x",
    "HTTP/1.1 20\r\na: b",
    "HTTP/1.1  200 x",
    "HTTP/1.1\t200 x",
    "HTTP/1.1 200\tx",
    "HTTP/2.0 200 OK",
    "ICY 200 OK",
    "",
  ])("is none when its first line is %j", (line) => {
    expect(() => answerLines(line)).toThrow()
  })
})
