import { describe, expect, it } from "vitest"
import { faultOfTrailers, readRequestHead } from "./request-head.ts"
import { getHead } from "./testing/frames.ts"

const without = (name: string): string[] => {
  const at = getHead.indexOf(name)
  return getHead.toSpliced(at, 2)
}

describe("a request's head (RFC 9113, section 8.3)", () => {
  it("says what is asked for", () => {
    const list = [...getHead, ":authority", "a", "content-length", "12", "x", "y"]
    expect(readRequestHead(list)).toEqual({ method: "GET", path: "/", authority: "a", contentLength: 12 })
    expect(readRequestHead(getHead)).toEqual({ method: "GET", path: "/", authority: "", contentLength: -1 })
  })

  it("may have any text for an authority: a URL is none, and some clients write one", () => {
    expect(readRequestHead([...getHead, ":authority", "http://127.0.0.1:2379"])).toMatchObject({
      authority: "http://127.0.0.1:2379",
    })
  })

  it("of CONNECT has an authority and neither scheme nor path", () => {
    expect(readRequestHead([":method", "CONNECT", ":authority", "a:1"])).toMatchObject({ method: "CONNECT", path: "" })
    expect(readRequestHead([":method", "CONNECT"])).toContain("CONNECT")
    expect(readRequestHead([":method", "CONNECT", ":authority", "a:1", ":path", "/"])).toContain("CONNECT")
  })

  it.each([
    ["has no method", without(":method")],
    ["has no scheme", without(":scheme")],
    ["has no path", without(":path")],
    ["has an empty path", [":method", "GET", ":scheme", "http", ":path", ""]],
    ["says one pseudo-header twice", [...getHead, ":path", "/"]],
    ["has a pseudo-header of an answer", [...getHead, ":status", "200"]],
    ["has a pseudo-header that there is not", [...getHead, ":protocol", "websocket"]],
    ["has a pseudo-header after others", [...without(":path"), "x", "y", ":path", "/"]],
    ["has a name in upper case", [...getHead, "X", "y"]],
    ["has an empty name", [...getHead, "", "y"]],
    ["has a space in a name", [...getHead, "x y", "z"]],
    ["has an end of line in a value", [...getHead, "x", "a\r\nb"]],
    ["has NUL in a value", [...getHead, "x", "a\0"]],
    ["has an end of line in its path", [":method", "GET", ":scheme", "http", ":path", "/\nx"]],
    ["has a value that begins with a space", [...getHead, "x", " y"]],
    ["has a value that ends with a tab", [...getHead, "x", "y\t"]],
    ["speaks of HTTP/1.1's connection", [...getHead, "connection", "close"]],
    ["wants to upgrade", [...getHead, "upgrade", "websocket"]],
    ["has chunks", [...getHead, "transfer-encoding", "chunked"]],
    ["accepts other codings than trailers", [...getHead, "te", "gzip"]],
    ["has a length that is no number", [...getHead, "content-length", "1,1"]],
    ["has two lengths", [...getHead, "content-length", "1", "content-length", "2"]],
  ])("is malformed when it %s", (_, list) => {
    expect(readRequestHead(list)).toEqual(expect.any(String))
  })

  it("may say that it accepts trailers", () => {
    expect(readRequestHead([...getHead, "te", "trailers"])).toMatchObject({ method: "GET" })
  })
})

describe("trailers", () => {
  it("have names like any header, and no pseudo-header", () => {
    expect(faultOfTrailers(["x", "y", "grpc-status", "0"])).toBeUndefined()
    for (const list of [
      [":path", "/"],
      ["X", "y"],
      ["x", "\n"],
      ["connection", "close"],
    ]) {
      expect(faultOfTrailers(list)).toEqual(expect.any(String))
    }
  })
})
