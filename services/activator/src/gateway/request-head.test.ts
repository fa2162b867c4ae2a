import { describe, expect, it } from "vitest"
import { originForm, requestHead } from "./request-head.ts"

const head = (raw: string[], client = "10.0.0.9") => requestHead(raw, client, false)
const names = (raw: string[]) => (head(raw)?.headers ?? []).filter((_value, at) => at % 2 === 0)

describe("a request's head on its way to a pod", () => {
  it("keeps the client's headers as they were written, order and case too", () => {
    expect(head(["Host", "a.test", "X-One", "1", "x-two", "2", "X-One", "3"])?.headers.slice(0, 8)).toEqual([
      ...["Host", "a.test", "X-One", "1", "x-two", "2", "X-One", "3"],
    ])
  })

  it.each([
    "Connection",
    "Keep-Alive",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
    "Proxy-Connection",
    "HTTP2-Settings",
    "K-Network-Probe",
    "k-proxy-request",
    "Knative-Serving-Revision",
  ])("loses %s, which ends at this hop", (name) => {
    expect(names(["Host", "a.test", name, "x"])).not.toContain(name)
  })

  it("loses what Connection names, but never what frames or addresses the message", () => {
    const raw = [
      "Host",
      "a.test",
      "Connection",
      "close, X-Hop, Content-Length, Host",
      "X-Hop",
      "1",
      "Content-Length",
      "3",
    ]
    expect(names(raw).slice(0, 2)).toEqual(["Host", "Content-Length"])
    expect(names(raw)).not.toContain("X-Hop")
  })

  it("adds this hop to what earlier proxies said", () => {
    const raw = [
      "host",
      "a.test",
      "X-Forwarded-For",
      "1.2.3.4",
      "Forwarded",
      "for=1.2.3.4",
      "X-Forwarded-Proto",
      "https",
    ]
    const { headers = [] } = head(raw) ?? {}
    const of = (name: string) => headers[headers.indexOf(name) + 1]
    expect(of("x-forwarded-for")).toBe("1.2.3.4, 10.0.0.9")
    expect(of("forwarded")).toBe('for=1.2.3.4, for=10.0.0.9;host="a.test";proto=http')
    expect(of("x-forwarded-proto")).toBe("https")
    expect(headers.filter((name) => name.toLowerCase() === "forwarded")).toHaveLength(1)
  })

  it("writes an IPv6 client as RFC 7239 wants it", () => {
    expect(head(["host", "a.test"], "::1")?.headers.at(-1)).toBe('for="[::1]";host="a.test";proto=http')
  })

  it.each([
    { name: "has no Host", raw: ["x", "1"] },
    { name: "has two", raw: ["host", "a", "host", "b"] },
    { name: "has two lengths", raw: ["host", "a", "content-length", "1", "content-length", "1"] },
    { name: "has a length and chunks", raw: ["host", "a", "content-length", "1", "transfer-encoding", "chunked"] },
  ])("is refused when it $name", ({ raw }) => expect(head(raw)).toBeUndefined())

  it.each([
    { name: "a length", raw: ["content-length", "3"], hasBody: true },
    { name: "chunks", raw: ["transfer-encoding", "chunked"], hasBody: true },
    { name: "a length of 0", raw: ["content-length", "0"], hasBody: false },
    { name: "neither", raw: [], hasBody: false },
  ])("says whether a body follows: $name", ({ raw, hasBody }) => {
    expect(head(["host", "a.test", ...raw])?.hasBody).toBe(hasBody)
  })
})

describe("what a request line asks for", () => {
  it.each([
    ["/a?b", "/a?b"],
    ["*", "*"],
    ["http://A.test/x", "/x"],
    ["http://a.test?q", "/?q"],
    ["http://a.test", "/"],
    ["http://b.test/", undefined],
    ["https://a.test/", undefined],
    ["a.test:80", undefined],
    ["", undefined],
  ])("%s is %s", (url, path) => expect(originForm(url, "a.test")).toBe(path))
})
