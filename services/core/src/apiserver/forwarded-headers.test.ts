import { describe, expect, it } from "vitest"
import { answeredHeaders, forwardedHeaders, identityHeaders } from "./forwarded-headers.ts"

const jo = { name: "jo", groups: ["a"] }

describe("the headers of a request that goes on", () => {
  it("are the client's, without those of one hop and without any that says who somebody is", () => {
    const sent: [string, string][] = [
      ["Accept", "application/json"],
      ["Content-Length", "3"],
      ["Connection", "keep-alive"],
      ["Transfer-Encoding", "chunked"],
      ["Host", "api"],
      ["Expect", "100-continue"],
      ["Authorization", "Bearer secret"],
      ["Impersonate-User", "root"],
      ["Impersonate-Extra-Scopes", "all"],
      ["X-Remote-User", "root"],
      ["x-remote-group", "system:masters"],
      ["X-Remote-Extra-Scopes", "all"],
      ["X-Remote-Uid", "0"],
    ]
    expect(forwardedHeaders(sent, jo, "")).toEqual({
      accept: "application/json",
      "content-length": "3",
      "X-Remote-User": "jo",
      "X-Remote-Group": ["a"],
    })
  })

  it("say where it came from, after all that it came through before", () => {
    expect(forwardedHeaders([], jo, "192.0.2.1")["x-forwarded-for"]).toBe("192.0.2.1")
    const before: [string, string][] = [["X-Forwarded-For", "10.0.0.1"]]
    expect(forwardedHeaders(before, jo, "192.0.2.1")["x-forwarded-for"]).toBe("10.0.0.1, 192.0.2.1")
  })

  it("name keys that are no header's name as in a URL, and values in UTF-8", () => {
    const extra = { "example.com/Ünit": ["ö"], plain_key: ["a", "b"] }
    expect(identityHeaders({ name: "jo", groups: [], extra })).toEqual({
      "X-Remote-User": "jo",
      "X-Remote-Extra-example.com%2F%C3%9Cnit": ["Ã¶"],
      "X-Remote-Extra-plain_key": ["a", "b"],
    })
  })

  it("of an answer keep what is said twice", () => {
    const raw = ["Warning", '299 - "a"', "Warning", '299 - "b"', "Connection", "close", "Content-Encoding", "gzip"]
    expect([...answeredHeaders(raw)]).toEqual([
      ["content-encoding", "gzip"],
      ["warning", '299 - "a", 299 - "b"'],
    ])
  })
})
