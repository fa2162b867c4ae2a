import { describe, expect, it } from "vitest"
import { wholeBodyOf, wholeResponse } from "./whole-body.ts"

const headers = { "Content-Type": "text/x", "x-b": " spaced " }
const bytes = Buffer.from("häm")

describe("an answer that was not made by the web's own class", () => {
  it("has headers as that would have, before they are changed and after", () => {
    for (const { headers: read } of [wholeResponse("", { headers }), new Response("", { headers })]) {
      read.set("Content-Type", "text/y")
      read.append("x-a", "1")
      read.append("X-A", "2")
      read.append("set-cookie", "a=1")
      read.append("set-cookie", "b=2")
      read.append("x-gone", "3")
      read.delete("X-Gone")
      expect([...read]).toEqual([
        ["content-type", "text/y"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["x-a", "1, 2"],
        ["x-b", "spaced"],
      ])
      expect([read.get("X-A"), read.has("x-gone"), read.getSetCookie()]).toEqual(["1, 2", false, ["a=1", "b=2"]])
      expect([[...read.keys()][0], [...read.values()][0]]).toEqual(["content-type", "text/y"])
    }
  })

  it("has no header that would be two", () => {
    for (const { headers: read } of [wholeResponse("", {}), new Response("")]) {
      for (const value of ["a\nb: c", "a\r\n", "€", "a\0"].map((each) => `${each}x`)) {
        expect(() => read.set("x-a", value)).toThrow(TypeError)
      }
      expect(() => read.append("x a", "b")).toThrow(TypeError)
      expect(read.get("x-a")).toBeNull()
    }
  })

  it("leaves the headers alone that it was made with", () => {
    const first = wholeResponse("a", { headers })
    const second = wholeResponse("b", first)
    second.headers.set("x-b", "2")
    expect([first.headers.get("x-b"), second.headers.get("x-b")]).toEqual(["spaced", "2"])
  })

  it("gives its body once, in whatever form", async () => {
    for (const body of [bytes, "häm"]) {
      const answer = (): Response => wholeResponse(body, { status: 201, headers })
      expect(await answer().text()).toBe("häm")
      expect(Buffer.from(await answer().bytes())).toEqual(bytes)
      expect(Buffer.from(await answer().arrayBuffer())).toEqual(bytes)
      expect((await answer().blob()).type).toBe("text/x")
      expect(await new Response(answer().body).text()).toBe("häm")
      const read = answer()
      await read.text()
      expect([read.bodyUsed, read.status, read.ok]).toEqual([true, 201, true])
      await expect(read.bytes()).rejects.toThrow("read once")
      expect(() => read.clone()).toThrow("not cloned")
    }
    expect(await wholeResponse('{"a":1}', {}).json()).toEqual({ a: 1 })
  })

  it("can be cloned before, and is known for one whose body is there", async () => {
    const answer = wholeResponse("abc", { status: 404, headers })
    const clone = answer.clone()
    expect([await answer.text(), await clone.text(), clone.status, clone.ok]).toEqual(["abc", "abc", 404, false])
    expect(clone.headers.get("x-b")).toBe("spaced")
    expect([wholeBodyOf(clone), wholeBodyOf(new Response("abc"))]).toEqual(["abc", undefined])
  })
})
