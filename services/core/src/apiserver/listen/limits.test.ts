import { once } from "node:events"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Pki } from "#pki"
import { openTestPki, startListener, textOf } from "../testing/start-listener.ts"

let pki: Pki & AsyncDisposable

beforeAll(async () => {
  pki = await openTestPki()
})
afterAll(() => pki[Symbol.asyncDispose]())

const echo = async (request: Request): Promise<Response> => new Response(`${request.method} ${await request.text()}`)
const post = { ":method": "POST", ":path": "/x" }
const status = async (stream: NodeJS.EventEmitter): Promise<number> => {
  const [headers] = (await once(stream, "response")) as [{ ":status": number }]
  return headers[":status"]
}

describe("the listener's limits", () => {
  it("answers a header that is too large with 431", async () => {
    await using listener = await startListener(pki, { fetch: echo, limits: { headerBytesMax: 4_096 } })
    const socket = await listener.raw()
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(5_000)}\r\n\r\n`)
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 431 /)
    const session = listener.http2()
    const stream = session.request({ ":path": "/", x: "x".repeat(5_000) })
    expect(await status(stream)).toBe(431)
    expect(JSON.parse(await textOf(stream))).toMatchObject({ kind: "Status", code: 431 })
    session.close()
  })

  it("closes a connection that does not come to the end of its header", async () => {
    await using listener = await startListener(pki, { fetch: echo, limits: { headersMsMax: 50, lateEveryMs: 20 } })
    const socket = await listener.raw()
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n")
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 408 /)
  })

  it("answers a body that does not come to its end with 408, before anybody else has seen the request", async () => {
    const fetch = (): never => expect.unreachable()
    await using listener = await startListener(pki, { fetch, limits: { bodyMsMax: 50 } })
    const socket = await listener.raw()
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nslow")
    const [head = "", body = ""] = (await textOf(socket)).split("\r\n\r\n")
    expect(head).toMatch(/^HTTP\/1.1 408 .*connection: close/is)
    expect(JSON.parse(body)).toMatchObject({ kind: "Status", reason: "Timeout", code: 408 })
    const session = listener.http2()
    const stream = session.request(post)
    stream.write("slow")
    const closed = once(stream, "close")
    expect(await status(stream)).toBe(408)
    stream.resume()
    await closed
    session.close()
  })

  it("takes no more bodies at once than it has memory for, and more when there is room again", async () => {
    await using listener = await startListener(pki, { fetch: echo, limits: { bodiesBytesMax: 100_000 } })
    const session = listener.http2()
    const large = session.request(post)
    large.write("x".repeat(60_000))
    // What one connection sends arrives in order.
    const refused = session.request(post)
    refused.end("x".repeat(60_000))
    expect(await status(refused)).toBe(429)
    expect(JSON.parse(await textOf(refused))).toMatchObject({ reason: "TooManyRequests" })
    large.end()
    expect(await status(large)).toBe(200)
    large.resume()
    const taken = session.request(post)
    taken.end("x".repeat(60_000))
    expect(await status(taken)).toBe(200)
    session.close()
  })

  it("closes a connection over the limit at once, and none of the others", async () => {
    await using listener = await startListener(pki, { fetch: echo, limits: { connectionsMax: 2 } })
    const [first, second] = await Promise.all([listener.raw(), listener.raw()])
    await expect(listener.raw()).rejects.toThrow()
    second.destroy()
    first.write("GET /still HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    expect(await textOf(first)).toMatch(/^HTTP\/1.1 200 /)
  })

  it("closes a connection of HTTP/2 on which nothing happens, but not while an answer is awaited there", async () => {
    const gate = Promise.withResolvers<void>()
    const fetch = async (): Promise<Response> => {
      await gate.promise
      return new Response("done")
    }
    await using listener = await startListener(pki, { fetch, limits: { idleMsMax: 60 } })
    const busy = listener.http2()
    const stream = busy.request({ ":path": "/" })
    // Two that say nothing, one after the other: the time of an idle connection has passed twice.
    for (let times = 0; times < 2; times++) await textOf(await listener.raw(["h2"]))
    gate.resolve()
    expect(await textOf(stream)).toBe("done")
    await busy.closed
  })

  it("tells how many streams a connection may have, and lets the next one wait for its turn", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const asked: string[] = []
    const fetch = async ({ url }: Request): Promise<Response> => {
      const at = asked.push(url)
      await gates[at - 1]?.promise
      return new Response("done")
    }
    await using listener = await startListener(pki, { fetch, limits: { streamsPerConnectionMax: 2 } })
    const session = listener.http2()
    const first = session.request({ ":path": "/settled" })
    gates[0]?.resolve()
    expect(await textOf(first)).toBe("done")
    const held = [1, 2].map(() => session.request({ ":path": "/held" }))
    await status(held[1] as NodeJS.EventEmitter)
    const third = session.request({ ":path": "/third" })
    gates[1]?.resolve()
    expect(await Promise.all([...held, third].map(textOf))).toEqual(["done", "done", "done"])
    session.close()
  })
})
