import { describe, expect, it } from "vitest"
import { LightRequest, lightRequest } from "./light-request.ts"

const headers = [
  ":method",
  "POST",
  "accept",
  "a",
  "cookie",
  "x=1",
  "accept",
  "b",
  "cookie",
  "y=2",
  "content-type",
  "text/x",
]
const url = "https://wick/api"
const post = (text: string): LightRequest => new LightRequest({ method: "POST", url, headers, body: Buffer.from(text) })

describe("a request that was not made by the web's own class", () => {
  it("has headers as that would have: whatever the case, joined, without what is HTTP/2's own", () => {
    const light = post("").headers
    expect(light.get(":method")).toBeNull()
    for (const read of [light, new Headers(light)]) {
      expect(read.get("Accept")).toBe("a, b")
      expect(read.get("cookie")).toBe("x=1; y=2")
      expect([read.get("x-none"), read.has("accept"), read.has("x-none")]).toEqual([null, true, false])
      expect([...read]).toEqual([
        ["accept", "a, b"],
        ["content-type", "text/x"],
        ["cookie", "x=1; y=2"],
      ])
    }
    light.set("accept", "c")
    light.delete("cookie")
    expect([light.get("accept"), light.get("cookie")]).toEqual(["c", null])
  })

  it("gives its body once, in whatever form", async () => {
    expect(await post("häm").text()).toBe("häm")
    expect(await post('{"a":1}').json()).toEqual({ a: 1 })
    expect(Buffer.from(await post("abc").arrayBuffer()).toString()).toBe("abc")
    expect(await new Response(post("abc").body).text()).toBe("abc")
    expect((await post("abc").blob()).type).toBe("text/x")
    const read = post("abc")
    await read.text()
    expect(read.bodyUsed).toBe(true)
    await expect(read.arrayBuffer()).rejects.toThrow("read once")
    expect(() => read.clone()).toThrow("not cloned")
    const streamed = post("abc")
    await new Response(streamed.body).text()
    await expect(streamed.text()).rejects.toThrow("read once")
  })

  it("can be cloned before: each has a body of its own", async () => {
    const request = post("abc")
    const clone = request.clone()
    expect([await request.text(), await clone.text(), clone.method, clone.url]).toEqual(["abc", "abc", "POST", url])
  })

  it("tells of its end whoever asks, before it or after", () => {
    const reason = new Error("gone")
    const early = post("")
    const signal = early.signal
    early.abort(reason)
    const late = post("")
    late.abort(reason)
    for (const each of [signal, late.signal]) expect([each.aborted, each.reason]).toEqual([true, reason])
  })
})

describe("a request of a client in this very process", () => {
  const init = { method: "PUT", headers: { "Content-Type": "text/x" }, body: "häm" }

  it("is what the web's own would be: method, headers, body, clone", async () => {
    for (const request of [lightRequest(url, init), new Request(url, init), lightRequest(url, init).clone()]) {
      expect([request.method, request.url, request.headers.get("content-type")]).toEqual(["PUT", url, "text/x"])
      expect(await request.clone().text()).toBe("häm")
      expect(Buffer.from(await request.clone().arrayBuffer()).toString()).toBe("häm")
      expect(await new Response(request.body).text()).toBe("häm")
    }
    const got = lightRequest(url, { headers: new Headers({ accept: "a" }) })
    expect([got.method, got.headers.get("accept"), got.body]).toEqual(["GET", "a", null])
    expect(await lightRequest(url, { ...init, body: new Uint8Array([97]) }).text()).toBe("a")
  })

  it("ends when its caller's signal does, and leaves nothing at that", () => {
    const caller = new AbortController()
    const { signal } = lightRequest(url, { ...init, signal: caller.signal })
    expect(signal).not.toBe(caller.signal)
    caller.abort(new Error("gone"))
    expect([signal.aborted, signal.reason]).toEqual([true, caller.signal.reason])
  })
})
