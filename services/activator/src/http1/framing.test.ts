import { describe, expect, it } from "vitest"
import { ChunkedBody, CountedBody, EndlessBody } from "./body.ts"
import { answerFraming, requestFraming } from "./framing.ts"
import { answerLines, requestLines } from "./head.ts"
import { MalformedMessage } from "./malformed.ts"

const request = (fields: string, version = "HTTP/1.1"): ReturnType<typeof requestFraming> =>
  requestFraming(requestLines(`POST / ${version}${fields === "" ? "" : `\r\n${fields}`}`))

const answer = (fields: string, { status = 200, version = "HTTP/1.1", toHead = false } = {}) =>
  answerFraming(answerLines(`${version} ${status} x${fields === "" ? "" : `\r\n${fields}`}`), toHead)

const lengths = [
  "content-length: -1",
  "content-length: +3",
  "content-length: 3.0",
  "content-length: 3e0",
  "content-length: 0x3",
  "content-length: 3 3",
  "content-length: 3, 3",
  "content-length: 3,",
  "content-length:",
  "content-length: \xb3",
  "content-length: 9007199254740993",
  "content-length: 99999999999999999999",
  "content-length: 3\r\nContent-Length: 3",
  "content-length:\r\ncontent-length: 3",
  "content-length: 3\r\ncontent-length:",
]

const codings = [
  "transfer-encoding:",
  "transfer-encoding: identity",
  "transfer-encoding: gzip, chunked",
  "transfer-encoding: chunked, identity",
  "transfer-encoding: chunked;a=b",
  "transfer-encoding: xchunked",
  "transfer-encoding: \x85chunked",
  'transfer-encoding: "chunked"',
  "transfer-encoding: chunked\r\nTransfer-Encoding: chunked",
  "transfer-encoding:\r\ntransfer-encoding: chunked",
  "transfer-encoding: chunked\r\ntransfer-encoding:",
]

const both = [
  "content-length: 3\r\ntransfer-encoding: chunked",
  "transfer-encoding: chunked\r\ncontent-length: 3",
  "Transfer-Encoding:\r\nCONTENT-LENGTH: 3",
]

describe("a request's body", () => {
  it("is none when nothing tells of one", () => {
    expect(request("a: b").body).toBeUndefined()
    expect(request("content-length: 0").body).toBeUndefined()
  })

  it("is of its length, or in chunks, whatever the case and the blanks", () => {
    expect(request("CONTENT-LENGTH:\t 03 ").body).toEqual(new CountedBody(3))
    expect(request("Transfer-Encoding: \tChunked ").body).toBeInstanceOf(ChunkedBody)
  })

  it.each([...lengths, ...codings, ...both])("is refused where another reader may see another end: %j", (fields) => {
    expect(() => request(fields)).toThrow()
  })

  it("is never in chunks of HTTP/1.0, which knows none", () => {
    expect(() => request("transfer-encoding: chunked", "HTTP/1.0")).toThrow()
  })
})

describe("an answer's body", () => {
  it("is of its length, in chunks, or all that comes", () => {
    expect(answer("content-length: 3").body).toEqual(new CountedBody(3))
    expect(answer("content-length: 0").body).toBeUndefined()
    expect(answer("transfer-encoding: chunked").body).toBeInstanceOf(ChunkedBody)
    expect(answer("a: b")).toMatchObject({ body: new EndlessBody(), keepAlive: false })
  })

  it.each([{ status: 204 }, { status: 304 }, { toHead: true }])("is none for %j, whatever the head says", (to) => {
    for (const fields of ["", "content-length: 3", "transfer-encoding: chunked"]) {
      expect(answer(fields, to)).toMatchObject({ body: undefined, keepAlive: true })
    }
  })

  it.each([...lengths, ...codings, ...both])("is refused where another reader may see another end: %j", (fields) => {
    expect(() => answer(fields)).toThrow()
    expect(() => answer(fields, { toHead: true })).toThrow()
  })

  it("in chunks of HTTP/1.0 is the last on its connection", () => {
    const framing = answer("transfer-encoding: chunked\r\nconnection: keep-alive", { version: "HTTP/1.0" })
    expect(framing.keepAlive).toBe(false)
    expect(framing.body).toBeInstanceOf(ChunkedBody)
  })
})

describe("a connection", () => {
  it.each([
    ["HTTP/1.1", "a: b", true],
    ["HTTP/1.1", "connection: keep-alive", true],
    ["HTTP/1.1", "Connection: Close", false],
    ["HTTP/1.1", "connection: x, \tclose ,y", false],
    ["HTTP/1.1", "connection: keep-alive\r\nconnection: close", false],
    ["HTTP/1.1", "connection: closed", true],
    ["HTTP/1.0", "a: b", false],
    ["HTTP/1.0", "connection: x", false],
    ["HTTP/1.0", "connection: x, Keep-Alive", true],
    ["HTTP/1.0", "connection: keep-alive, close", false],
  ])("of %s with %j stays open: %s", (version, fields, stays) => {
    expect(request(fields, version).keepAlive).toBe(stays)
    expect(answer(`content-length: 1\r\n${fields}`, { version }).keepAlive).toBe(stays)
  })

  it("is kept by the server for as long as it says", () => {
    expect(answer("keep-alive: max=5, Timeout= 7").keepsSeconds).toBe(7)
    expect(answer("keep-alive: max=5").keepsSeconds).toBeUndefined()
  })

  it("changes its protocol only for who asks so twice, in HTTP/1.1", () => {
    expect(request("upgrade: websocket\r\nconnection: keep-alive, Upgrade").upgrade).toBe("websocket")
    expect(request("upgrade: websocket").upgrade).toBe("")
    expect(request("connection: upgrade").upgrade).toBe("")
    expect(request("upgrade: websocket\r\nconnection: upgrade", "HTTP/1.0").upgrade).toBe("")
  })

  it("waits for our word before a body only in HTTP/1.1", () => {
    expect(request("expect: 100-Continue").expectsContinue).toBe(true)
    expect(request("expect: 100-continue", "HTTP/1.0").expectsContinue).toBe(false)
    expect(() => request("expect: something")).toThrow(
      new MalformedMessage("nobody here knows what something means", 417),
    )
  })
})
