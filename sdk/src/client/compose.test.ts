import { describe, expect, it } from "vitest"
import { SimulatedClock } from "../clock/index.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import { bearerToken, compose, type FetchWrapper, retry } from "./compose.ts"

const url = "http://api/x"
const tooMany = (): Response => new Response("", { status: 429, headers: { "retry-after": "2" } })

function story(answers: (() => Response)[]) {
  const clock = new SimulatedClock()
  const at: number[] = []
  const begin = clock.now()
  const { fetch, requests } = scriptedFetch(() => {
    at.push(clock.now() - begin)
    return (answers.shift() ?? (() => new Response("fine")))()
  })
  return { clock, at, requests, fetch: compose(fetch, retry({ clock })) }
}

describe("retrying", () => {
  it("repeats what the server put off, whole, after the time it asked for", async () => {
    const { fetch, clock, at, requests } = story([tooMany, tooMany])
    const answer = fetch(new Request(url, { method: "POST", body: '{"a":1}' }))
    await clock.advance(10_000)
    expect(await (await answer).text()).toBe("fine")
    expect(at).toEqual([0, 2_000, 4_000])
    expect(requests.map(({ body }) => body)).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }])
  })

  it.each<{ name: string; method: string; answer: () => Response; attempts: number }>([
    {
      name: "repeats a read after a passing trouble",
      method: "GET",
      answer: () => new Response("", { status: 503, headers: { "retry-after": "1" } }),
      attempts: 2,
    },
    {
      name: "leaves a write alone that may have been carried out",
      method: "POST",
      answer: () => new Response("", { status: 503, headers: { "retry-after": "1" } }),
      attempts: 1,
    },
    {
      name: "hands on a trouble that names no time",
      method: "GET",
      answer: () => new Response("", { status: 500 }),
      attempts: 1,
    },
    {
      name: "hands on a wait that is too long",
      method: "GET",
      answer: () => new Response("", { status: 429, headers: { "retry-after": "3600" } }),
      attempts: 1,
    },
  ])("$name", async ({ method, answer, attempts }) => {
    const { fetch, clock, requests } = story([answer])
    const answered = fetch(new Request(url, { method }))
    await clock.advance(60_000)
    await answered
    expect(requests).toHaveLength(attempts)
  })

  it("repeats a read at once when the connection was lost, a write never", async () => {
    const lost = (): Response => {
      throw new TypeError("fetch failed")
    }
    const reading = story([lost])
    const read = reading.fetch(new Request(url))
    await reading.clock.advance(0)
    expect((await read).status).toBe(200)
    const writing = story([lost])
    await expect(writing.fetch(new Request(url, { method: "PUT", body: "{}" }))).rejects.toThrow("fetch failed")
  })

  it("gives up after five attempts and tells the last answer", async () => {
    const { fetch, clock, requests } = story([tooMany, tooMany, tooMany, tooMany, tooMany])
    const answer = fetch(new Request(url))
    await clock.advance(60_000)
    expect((await answer).status).toBe(429)
    expect(requests).toHaveLength(5)
  })
})

describe("composing", () => {
  it("lets a request meet the wrappers in the order they are named", async () => {
    const order: string[] = []
    const named =
      (name: string): FetchWrapper =>
      (next) =>
      (request) => {
        order.push(name)
        return next(request)
      }
    const { fetch, requests } = scriptedFetch(() => new Response())
    await compose(
      fetch,
      named("first"),
      named("second"),
      bearerToken(() => "secret"),
    )(new Request(url))
    expect(order).toEqual(["first", "second"])
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer secret")
  })
})
