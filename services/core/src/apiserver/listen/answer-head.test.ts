import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { AnswerHeads } from "./answer-head.ts"

const at = Date.UTC(2026, 10, 21, 22, 0, 0)

describe("the head of an answer over HTTP/2", () => {
  it("says status, headers, length and the second in which it is given", async () => {
    const clock = new SimulatedClock(at)
    const heads = new AnswerHeads(clock)
    const answer = new Response("x", { status: 201, headers: { "X-A": "1", "Content-Type": "text/plain" } })
    const headers = ["content-type", "text/plain", "x-a", "1", "content-length", "7"]
    expect(heads.of(answer, 7)).toEqual([":status", "201", ...headers, "date", "Sat, 21 Nov 2026 22:00:00 GMT"])
    await clock.advance(1_000)
    expect(heads.of(answer).at(-1)).toBe("Sat, 21 Nov 2026 22:00:01 GMT")
  })

  it("leaves what it is told of length and date, and passes on nothing of a connection of HTTP/1.1", () => {
    const heads = new AnswerHeads(new SimulatedClock(at))
    const headers = { connection: "close", "keep-alive": "timeout=5", "transfer-encoding": "chunked" }
    const answer = { status: 200, headers: new Headers({ ...headers, date: "then", "content-length": "3" }) }
    expect(heads.of(answer, 7)).toEqual([":status", "200", "content-length", "3", "date", "then"])
  })
})
