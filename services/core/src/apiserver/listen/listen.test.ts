import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import { connect as connectHttp2, constants } from "node:http2"
import { Agent, type RequestOptions, request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openPki, type Pki } from "#pki"
import { type Listener, type ListenOptions, listen, type Peer } from "./index.ts"

let directory: string
let pki: Pki

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-listen-"))
  pki = await open(directory)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function open(path: string): Promise<Pki> {
  const clock = new SimulatedClock(systemNow())
  return openPki({ directory: path, serverNames: [], clusterDomain: "cluster.local", clock, log: silentLog })
}

/** TLS checks certificates against the real time. */
const systemNow = (): number => performance.timeOrigin + performance.now()

async function start(fetch: ListenOptions["fetch"], upgrade: ListenOptions["upgrade"] = () => {}): Promise<Listener> {
  const { serving, authorityPem } = pki
  return listen({ host: "127.0.0.1", port: 0, serving, authorityPem, fetch, upgrade, log: silentLog })
}

interface Answer {
  status: number
  text: string
}

async function ask(port: number, options: RequestOptions = {}, body?: string | string[]): Promise<Answer> {
  const response = await send(port, options, body)
  let text = ""
  for await (const chunk of response) text += chunk
  return { status: response.statusCode ?? 0, text }
}

async function send(port: number, options: RequestOptions, body?: string | string[]): Promise<IncomingMessage> {
  const outgoing = request({ host: "127.0.0.1", port, ca: pki.authorityPem, agent: new Agent(), ...options })
  for (const chunk of [body ?? []].flat()) outgoing.write(chunk)
  outgoing.end()
  const [response] = (await once(outgoing, "response")) as [IncomingMessage]
  return response
}

const echo: ListenOptions["fetch"] = async (request) => new Response(`${request.method} ${await request.text()}`)

describe("the listener", () => {
  it("knows what a request of HTTP/1.1 is for, whether it names its path or all of its URL", async () => {
    const told = async ({ url, headers }: Request): Promise<Response> =>
      new Response(JSON.stringify([url, headers.get("x-a")]), {
        headers: [
          ["set-cookie", "a"],
          ["set-cookie", "b"],
        ],
      })
    const listener = await start(told)
    const headers = ["Host", "one.test", "X-A", "1", "x-a", "2"]
    const named = await send(listener.port, { path: "/p?q=1", headers })
    expect(named.headers["set-cookie"]).toEqual(["a", "b"])
    named.resume()
    const asked = async (path: string) => ask(listener.port, { path, headers })
    expect(JSON.parse((await asked("/p?q=1")).text)).toEqual(["https://one.test/p?q=1", "1, 2"])
    expect(JSON.parse((await asked("https://two.test/p")).text)).toEqual(["https://two.test/p", "1, 2"])
    for (const path of ["*", "//\\p", "https://"]) expect(await asked(path)).toMatchObject({ status: 400 })
    await listener.close(0)
  })

  it("tells who is at the other end: nobody, a client of ours, or one with a certificate of somebody else", async () => {
    const peers: Peer[] = []
    const listener = await start(async (_, peer) => {
      peers.push(peer)
      return new Response("")
    })
    const otherDirectory = await mkdtemp(join(tmpdir(), "wick-listen-other-"))
    const other = await open(otherDirectory)
    const as = ({ admin }: Pki): RequestOptions => ({ cert: admin.certificatePem, key: admin.privateKeyPem })
    await ask(listener.port)
    await ask(listener.port, as(pki))
    await ask(listener.port, as(other))
    await ask(listener.port, { cert: pki.serving.certificatePem, key: pki.serving.privateKeyPem })
    await listener.close(1000)
    await rm(otherDirectory, { recursive: true, force: true })
    expect(peers.map((peer) => peer.certificate)).toMatchObject([
      { kind: "none" },
      { kind: "verified", commonName: "kubernetes-admin", organizations: ["system:masters"] },
      { kind: "refused" },
      { kind: "refused", because: "INVALID_PURPOSE" },
    ])
    expect(peers[0]?.address).toMatch(/127\.0\.0\.1$/)
  })

  it("speaks HTTP/2 to who asks for it, with the peer known and bodies both ways", async () => {
    let peer: Peer | undefined
    const listener = await start(async (request, from) => {
      peer = from
      return echo(request, from)
    })
    const { admin, authorityPem } = pki
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, {
      ca: authorityPem,
      cert: admin.certificatePem,
      key: admin.privateKeyPem,
    })
    const stream = session.request({ ":method": "POST", ":path": "/x" })
    stream.end("hello")
    let text = ""
    for await (const chunk of stream) text += chunk
    session.close()
    await listener.close(1000)
    expect(text).toBe("POST hello")
    expect(peer?.certificate).toMatchObject({ kind: "verified", commonName: "kubernetes-admin" })
  })

  it("gives one HTTP/2 connection all of 32 large answers at once", async () => {
    const size = 1_500_000
    const listener = await start(async () => new Response(Buffer.alloc(size, "x")))
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { ca: pki.authorityPem })
    const whole = async (): Promise<number> => {
      let bytes = 0
      for await (const chunk of session.request({ ":path": "/list" })) bytes += (chunk as Buffer).byteLength
      return bytes
    }
    const sizes = await Promise.all(Array.from({ length: 32 }, whole))
    session.close()
    await listener.close(1000)
    expect(sizes).toEqual(Array.from({ length: 32 }, () => size))
  })

  it("refuses a body over the limit, whether its length was announced or not, and takes one below", async () => {
    const listener = await start(echo)
    const large = "x".repeat(4 * 1024 * 1024)
    const announced = await ask(listener.port, {
      method: "POST",
      headers: { "content-length": String(large.length), expect: "100-continue" },
    }).catch((error) => error)
    const unannounced = await ask(listener.port, { method: "POST" }, large).catch((error) => error)
    const fits = await ask(listener.port, { method: "POST" }, ["a", "b"])
    await listener.close(1000)
    expect(announced).toMatchObject({ status: 413 })
    expect(JSON.parse(announced.text)).toMatchObject({ kind: "Status", reason: "RequestEntityTooLarge", code: 413 })
    expect(unannounced).toMatchObject({ status: 413 })
    expect(fits).toEqual({ status: 200, text: "POST ab" })
  })

  it.each(["http/1.1", "h2"])(
    "sends each part of a stream when it is there, and says when the client has left (%s)",
    async (protocol) => {
      const aborted = Promise.withResolvers<void>()
      const cancelled = Promise.withResolvers<void>()
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined
      const listener = await start(async (request) => {
        request.signal.addEventListener("abort", () => aborted.resolve())
        const body = new ReadableStream<Uint8Array>({
          start: (it) => {
            controller = it
          },
          cancel: () => cancelled.resolve(),
        })
        return new Response(body, { headers: { "content-type": "application/json" } })
      })
      const { parts, leave } = await openStream(listener.port, protocol)
      for (const part of ["one", "two"]) {
        controller?.enqueue(Buffer.from(part))
        expect(String((await parts.next()).value)).toBe(part)
      }
      leave()
      await Promise.all([aborted.promise, cancelled.promise])
      await listener.close(1000)
    },
  )

  it("asks a stream for no more than its client reads", async () => {
    let pulled = 0
    const listener = await start(async () => {
      const body = new ReadableStream<Uint8Array>({
        pull: (it) => {
          pulled += 1
          it.enqueue(new Uint8Array(64 * 1024))
        },
      })
      return new Response(body)
    })
    const response = await send(listener.port, {})
    response.pause()
    // Reading stops when all buffers between here and there are full.
    for (let last = -1; last !== pulled; await turns(200)) last = pulled
    expect(pulled).toBeLessThan(400)
    response.destroy()
    await listener.close(1000)
  })

  it("answers HEAD with the head alone, and a URL that is none with a Status, over HTTP/2", async () => {
    const body = (): Response => new Response(new ReadableStream({ pull: (it) => it.enqueue(Buffer.from("x")) }))
    const listener = await start(async ({ url }) => (url.endsWith("/stream") ? body() : new Response("four")))
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { ca: pki.authorityPem })
    const answer = async (headers: Record<string, string>): Promise<[number, string]> => {
      const stream = session.request(headers)
      const [head] = (await once(stream, "response")) as [{ ":status": number }]
      let text = ""
      for await (const chunk of stream) text += chunk
      return [head[":status"], text]
    }
    expect(await answer({ ":method": "HEAD", ":path": "/" })).toEqual([200, ""])
    expect(await answer({ ":method": "HEAD", ":path": "/stream" })).toEqual([200, ""])
    expect(await answer({ ":path": "/" })).toEqual([200, "four"])
    const [status, text] = await answer({ ":path": "/", ":authority": "a/b" })
    session.close()
    await listener.close(1000)
    expect([status, JSON.parse(text)]).toMatchObject([400, { kind: "Status", reason: "BadRequest", code: 400 }])
  })

  it("hands upgrades over, with the bytes that came along and the peer", async () => {
    const listener = await start(echo, (_, socket, head, peer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`)
      socket.end(`${peer.certificate.kind} ${head}`)
    })
    const { admin, authorityPem } = pki
    const outgoing = request({
      host: "127.0.0.1",
      port: listener.port,
      ca: authorityPem,
      cert: admin.certificatePem,
      key: admin.privateKeyPem,
      headers: { connection: "Upgrade", upgrade: "SPDY/3.1" },
    })
    outgoing.end()
    const [, socket, head] = await once(outgoing, "upgrade")
    let text = String(head)
    for await (const chunk of socket) text += chunk
    await listener.close(1000)
    expect(text).toBe("verified ")
  })

  it("answers a request that makes no sense with a Status, and hides what went wrong inside", async () => {
    const listener = await start(async () => {
      throw new Error("secret of the house")
    })
    const answer = await ask(listener.port)
    await listener.close(1000)
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain("secret")
  })

  it("lets requests end before it closes, and cuts those that never do", async () => {
    const gate = Promise.withResolvers<void>()
    const entered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const listener = await start(async (request) => {
      const forever = request.url.endsWith("/forever")
      entered[forever ? 1 : 0]?.resolve()
      await (forever ? new Promise(() => {}) : gate.promise)
      return new Response("done")
    })
    const slow = ask(listener.port, { path: "/slow", headers: { connection: "close" } })
    const forever = ask(listener.port, { path: "/forever" }).catch((error) => error.code)
    await Promise.all(entered.map((each) => each.promise))
    const closed = listener.close(300)
    gate.resolve()
    expect(await slow).toEqual({ status: 200, text: "done" })
    expect(await forever).toBe("ECONNRESET")
    await closed
  })
})

/** Lets the event loop go round, so that whatever can still happen does. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function openStream(
  port: number,
  protocol: string,
): Promise<{ parts: AsyncIterator<unknown>; leave: () => void }> {
  if (protocol === "http/1.1") {
    const response = await send(port, {})
    return { parts: response[Symbol.asyncIterator](), leave: () => response.destroy() }
  }
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: pki.authorityPem })
  const stream = session.request({ ":path": "/" })
  await once(stream, "response")
  const leave = (): void => {
    stream.close(constants.NGHTTP2_CANCEL)
    session.close()
  }
  return { parts: stream[Symbol.asyncIterator](), leave }
}
