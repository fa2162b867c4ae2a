import { describe, expect, it } from "vitest"
import { requestUrl } from "./request-url.ts"

describe("a request's URL", () => {
  it.each([
    ["wick", "/"],
    ["127.0.0.1:6443", "/api/v1/pods?labelSelector=a%3Db,c&watch=1"],
    ["[::1]:6443", "/api"],
    ["Wick.example:443", "/a/../b"],
    ["wick", "/a/%2E%2e/b"],
    ["wick", "/a//b?c=|"],
    ["wick", "/ä?<>"],
  ])("is what the web makes of it: %s%s", (authority, path) => {
    expect(new URL(requestUrl(authority, path) ?? "").href).toBe(new URL(`https://${authority}${path}`).href)
  })

  it.each([
    ["", "/"],
    ["wick", ""],
    ["wick", "*"],
    ["wick", "https://other/"],
    ["wick", "/a\\b"],
    ["wick/x", "/"],
    ["user@wick", "/"],
    ["wick?", "/"],
    ["wick:port", "/"],
    ["a b", "/"],
  ])("is none, whatever the web would make of it: %j %j", (authority, path) => {
    expect(requestUrl(authority, path)).toBeUndefined()
  })
})
