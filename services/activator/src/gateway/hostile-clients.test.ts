import { request, type ServerResponse } from "node:http"
import { connect as h2connect } from "node:http2"
import { connect, type Socket } from "node:net"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { inUse } from "../testing/in-use.ts"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { listenTo, startSpeaker } from "../testing/speaker.ts"
import { type App, ask, startApp, startStage, until } from "../testing/stage.ts"
import { clientsMaxOf } from "./client-limit.ts"

const megabyte = 1024 * 1024

const serve =
  (port: number, spec: Record<string, unknown> = {}, portName = "http1") =>
  (cluster: ScriptedCluster): void => {
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", port, spec, portName)
    cluster.pod("a", "app-1", "127.0.0.1")
  }

/** A connection on which anything can be said. */
function speak(port: number, words: string): { socket: Socket; heard(): string; ended: Promise<void> } {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  let heard = ""
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1")
  })
  socket.on("error", () => {})
  const ended = new Promise<void>((resolve) => {
    socket.on("end", () => resolve())
    socket.on("close", () => resolve())
  })
  socket.write(words)
  return { socket, heard: () => heard, ended }
}

const echo = (): Promise<App> =>
  startApp((incoming, response) => {
    let body = ""
    incoming.on("data", (chunk) => {
      body += chunk
    })
    incoming.on("end", () => response.end(`reached with ${body.length} bytes of ${incoming.url}`))
  })

describe("a client that sends its head drop by drop", () => {
  it("is let go after a minute when not a byte has come", async () => {
    const clock = new SimulatedClock()
    await using stage = await startStage(undefined, { clock })
    const silent = speak(stage.port, "")
    await new Promise((resolve) => silent.socket.once("connect", resolve))
    // Its connection has been taken when that of a later one is answered.
    await ask(stage.port, "other.test")
    await clock.advance(60_000)
    await silent.ended
    expect(silent.heard()).toBe("")
  })

  it("is told 408 when the head is not whole in time, and costs no one else anything", async () => {
    await using app = await echo()
    const clock = new SimulatedClock()
    await using stage = await startStage(serve(app.port), { headTimeoutMs: 100, clock })
    const slow = Array.from({ length: 200 }, () => speak(stage.port, "GET / HTTP/1.1\r\nhost: app.test\r\nx-drop: "))
    await until(() => slow.every(({ socket }) => socket.bytesWritten > 0 && !socket.connecting))
    // What has been said before is heard by the time that a later client has its answer.
    for (let turn = 0; turn < 2; turn++) expect(await ask(stage.port, "app.test")).toMatchObject({ status: 200 })
    await clock.advance(150)
    await Promise.all(slow.map(({ ended }) => ended))
    expect(new Set(slow.map(({ heard }) => heard().split("\r\n")[0]))).toEqual(
      new Set(["HTTP/1.1 408 Request Timeout"]),
    )
    for (const { socket } of slow) socket.destroy()
  })

  it("is cut at the revision's timeout when it is the body that drops", async () => {
    const clock = new SimulatedClock()
    await using app = await echo()
    await using stage = await startStage(serve(app.port, { timeoutSeconds: 10 }), { clock })
    const arrived = new Promise((resolve) => app.server.once("request", resolve))
    const slow = speak(stage.port, "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 1000\r\n\r\nx")
    await arrived
    await clock.advance(10_100)
    await until(() => slow.heard().includes("\r\n\r\n"))
    expect(slow.heard()).toMatch(/^HTTP\/1\.1 504/)
    slow.socket.destroy()
  })
})

describe("clients, of whom there are as many as there may be", () => {
  it("are told 503 when they are one too many, until another has left", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port), { clientsMax: 2 })
    const words = (path: string): string => `GET /${path} HTTP/1.1\r\nhost: app.test\r\n\r\n`
    const [first, second] = [speak(stage.port, words("first")), speak(stage.port, words("second"))]
    await until(() => first.heard().includes("of /first") && second.heard().includes("of /second"))
    const third = speak(stage.port, words("third"))
    await third.ended
    expect(third.heard()).toMatch(/^HTTP\/1\.1 503 .*the gateway has as many connections as it may have, 2\n$/s)
    second.socket.write(words("again"))
    await until(() => second.heard().includes("of /again"))
    first.socket.destroy()
    while ((await ask(stage.port, "app.test")).status !== 200);
    second.socket.destroy()
  })

  it("are half of what the process may have of file descriptors, for each needs one to its pod", () => {
    expect(clientsMaxOf(20_000)).toBe(9_872)
    expect(clientsMaxOf(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    expect(clientsMaxOf(64)).toBe(1)
  })
})

describe("a drain", () => {
  it("does not wait for connections that idle", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const idle = speak(stage.port, "GET /idle HTTP/1.1\r\nhost: app.test\r\n\r\n")
    await until(() => idle.heard().includes("of /idle"))
    await stage.activator.drain({ lingerMs: 0, limitMs: 60_000 })
    await idle.ended
  })

  it("answers what has come on kept connections by then, though it was not read yet", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const words = (path: string): string => `GET /${path} HTTP/1.1\r\nhost: app.test\r\n\r\n`
    const clients = Array.from({ length: 40 }, () => speak(stage.port, words("before")))
    await until(() => clients.every(({ heard }) => heard().includes("of /before")))
    for (const { socket } of clients) socket.write(words("meanwhile"))
    await stage.activator.drain({ lingerMs: 0, limitMs: 60_000 })
    await Promise.all(clients.map(({ ended }) => ended))
    expect(clients.filter(({ heard }) => !/connection: close.*of \/meanwhile$/is.test(heard()))).toEqual([])
  })

  it("waits for answers, and a second for heads that are on their way", async () => {
    const clock = new SimulatedClock()
    const entered = Promise.withResolvers<ServerResponse>()
    await using app = await startApp((_request, response) => entered.resolve(response))
    await using stage = await startStage(serve(app.port), { clock })
    const [silent, half] = ["", "GET /half HTTP/1.1\r\nhost: app.test\r\nx-dr"].map((words) => speak(stage.port, words))
    const [late, asked] = ["GET /late HT", "GET /asked HTTP/1.1\r\nhost: app.test\r\n\r\n"].map((words) =>
      speak(stage.port, words),
    )
    const response = await entered.promise
    const drained = stage.activator.drain({ lingerMs: 0, limitMs: 600_000 })
    await clock.advance(900)
    late?.socket.write("TP/1.1\r\nhost: app.nowhere\r\n\r\n")
    await until(() => late?.heard().startsWith("HTTP/1.1 404") === true)
    await clock.advance(100)
    await Promise.all([silent?.ended, half?.ended])
    response.end("answered")
    await until(() => asked?.heard().endsWith("answered") === true)
    for (const each of [late, asked]) each?.socket.end()
    await drained
  })
})

describe("a client that never reads", () => {
  it("is cut at the revision's timeout, and its application with it", async () => {
    const clock = new SimulatedClock()
    let isCut = false
    await using app = await startApp((_request, response) => {
      response.on("close", () => {
        isCut = true
      })
      const produce = (): void => {
        while (response.write(Buffer.alloc(megabyte)));
        response.once("drain", produce)
      }
      produce()
    })
    await using stage = await startStage(serve(app.port, { timeoutSeconds: 10 }), { clock })
    const arrived = new Promise((resolve) => app.server.once("request", resolve))
    const deaf = connect(stage.port, "127.0.0.1")
    deaf.on("error", () => {})
    deaf.write("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
    await arrived
    await clock.advance(10_100)
    await until(() => isCut)
    deaf.destroy()
  })
})

describe("100 MB each way over HTTP/2", () => {
  it("pass in flat memory", async () => {
    await using app = await startApp((incoming, response) => void incoming.pipe(response))
    await using stage = await startStage(serve(app.port))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    const stream = session.request({ ":method": "POST", ":path": "/", ":authority": "app.test" })
    const before = inUse()
    let received = 0
    let most = 0
    stream.on("data", (part: Buffer) => {
      received += part.length
      if (received % (10 * megabyte) < part.length) most = Math.max(most, inUse() - before)
    })
    const chunk = Buffer.alloc(megabyte, "x")
    for (let sent = 0; sent < 100; sent++) {
      if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve))
    }
    stream.end()
    await new Promise((resolve) => stream.once("end", resolve))
    session.destroy()
    expect(received).toBe(100 * megabyte)
    expect(most).toBeLessThan(70 * megabyte)
  })
})

describe("500 upgraded connections that say nothing", () => {
  it("stay, cost little, and let others through", async () => {
    await using speaker = await startSpeaker("upgrade")
    await using stage = await startStage(serve(speaker.port))
    const before = inUse()
    const sockets: Socket[] = []
    let upgraded = 0
    for (let at = 0; at < 500; at++) {
      const head = "GET / HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: words\r\n\r\n"
      const { socket } = speak(stage.port, head)
      socket.once("data", () => upgraded++)
      sockets.push(socket)
      const turn = await speaker.next()
      turn.begin("")
    }
    await until(() => upgraded === 500)
    // Of the client, the gateway and the application together, which are one process here: four ends each.
    expect((inUse() - before) / 500).toBeLessThan(120 * 1024)
    for (const socket of sockets) socket.destroy()
    const { body } = await ask(stage.activator.adminAddress.port, "x", { path: "/healthz" })
    expect(body).toBe("ok\n")
  })
})

describe("a function that dies in the middle of its answer", () => {
  it.each([
    { name: "of a length", head: "content-length: 100\r\n\r\nhalf" },
    { name: "in chunks", head: "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n" },
  ])("leaves an answer $name that is seen to be cut", async ({ head }) => {
    await using app = await startApp((_incoming, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\n${head}`)
      setImmediate(() => response.socket?.destroy())
    })
    await using stage = await startStage(serve(app.port))
    await expect(ask(stage.port, "app.test", { method: "POST", body: "x" })).rejects.toThrow()
    expect(await ask(stage.activator.adminAddress.port, "x", { path: "/healthz" })).toMatchObject({ status: 200 })
  })

  it("resets the stream of a client that speaks HTTP/2", async () => {
    await using app = await startApp((_incoming, response) => {
      response.writeHead(200)
      response.write("half")
      setImmediate(() => response.socket?.destroy())
    })
    await using stage = await startStage(serve(app.port))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    const stream = session.request({ ":method": "POST", ":path": "/", ":authority": "app.test" })
    stream.resume()
    const error = await new Promise<Error | undefined>((resolve) => {
      stream.on("error", resolve)
      stream.on("end", () => resolve(undefined))
      stream.end("x")
    })
    session.destroy()
    expect(error?.message).toContain("NGHTTP2_INTERNAL_ERROR")
  })
})

describe("a function of HTTP/2 that dies in the middle of its answer", () => {
  it.each(["HTTP/1.1", "h2c"] as const)("leaves an answer that is seen to be cut, by %s", async (protocol) => {
    const speaker = await startSpeaker("h2c")
    await using stage = await startStage(serve(speaker.port, {}, "h2c"))
    const heard = listenTo(stage.port, protocol)
    const turn = await speaker.next()
    turn.begin("half")
    await until(() => heard.words === "half")
    await speaker[Symbol.asyncDispose]()
    await until(() => heard.end !== undefined)
    expect(heard).toEqual({ status: 200, words: "half", end: "cut" })
  })
})

describe("a client that sends thousands of requests before it reads an answer", () => {
  const requests = (count: number): string => "GET /hold HTTP/1.1\r\nhost: app.test\r\n\r\n".repeat(count)

  it("has one of them in its application at a time, and gets all answers", async () => {
    let now = 0
    let most = 0
    let release = (): void => {}
    const first = new Promise<void>((resolve) => {
      release = resolve
    })
    await using app = await startApp(async (_incoming, response) => {
      most = Math.max(most, ++now)
      await first
      now--
      response.end("x")
    })
    await using stage = await startStage(serve(app.port))
    const client = speak(stage.port, requests(2_000))
    await until(() => most > 0)
    release()
    await until(() => client.heard().split("HTTP/1.1 200").length === 2_001)
    expect(most).toBe(1)
    client.socket.destroy()
  })

  it("is read no further than what has come already, while the first is served", async () => {
    await using app = await startApp(() => {})
    await using stage = await startStage(serve(app.port))
    const arrived = new Promise((resolve) => app.server.once("request", resolve))
    const client = speak(stage.port, "")
    const many = requests(10_000)
    for (let at = 0; at < 50; at++) client.socket.write(many)
    await arrived
    // Of 20 MB no more is gone by then than what the kernel holds between the two.
    await ask(stage.activator.adminAddress.port, "x", { path: "/healthz" })
    expect(client.socket.writableLength).toBeGreaterThan(10 * megabyte)
    client.socket.destroy()
  })
})

describe("a client that ends its side without a word", () => {
  it.each(["", "P"])("is let go at once, after %j", async (words) => {
    await using stage = await startStage()
    const client = speak(stage.port, words)
    client.socket.end()
    await client.ended
    expect(client.heard()).toBe("")
    client.socket.destroy()
  })
})

describe("a client of HTTP/2 whose first bytes come one by one", () => {
  it("is known by them all the same", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const client = speak(stage.port, "")
    client.socket.setNoDelay(true)
    for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
      client.socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => client.heard().length >= 9)
    // SETTINGS, the first frame of every server.
    expect(client.heard().charCodeAt(3)).toBe(4)
    client.socket.destroy()
  })
})

describe("what tries to be two requests in one", () => {
  it.each([
    { name: "a negative length", head: "content-length: -1\r\n\r\n" },
    { name: "a length with a sign", head: "content-length: +3\r\n\r\nabc" },
    { name: "two lengths in one header", head: "content-length: 3, 3\r\n\r\nabc" },
    {
      name: "a length and chunks, in this order",
      head: "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    },
    { name: "chunks twice", head: "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" },
    { name: "chunks before another coding", head: "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
    { name: "a coding of another case with a tab", head: "transfer-encoding:\tChunked , x\r\n\r\n0\r\n\r\n" },
    { name: "a space before the colon", head: "content-length : 3\r\n\r\nabc" },
    { name: "a folded length", head: "content-length:\r\n 3\r\n\r\nabc" },
    { name: "a chunk size with a sign", head: "transfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n" },
    {
      name: "a chunk size beyond reason",
      head: "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    },
    { name: "a chunk longer than it says", head: "transfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n" },
    { name: "a bare line feed in a head", head: "x-a: b\ncontent-length: 3\r\n\r\nabc" },
    { name: "a NUL in a header", head: "x-a: b\0c\r\n\r\n" },
  ])("is refused and its connection closed: $name", async ({ head }) => {
    let reached = 0
    await using app = await startApp((incoming, response) => {
      incoming.resume()
      incoming.on("end", () => {
        reached++
        response.end("reached")
      })
    })
    await using stage = await startStage(serve(app.port))
    const smuggled = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n"
    const client = speak(stage.port, `POST / HTTP/1.1\r\nhost: app.test\r\n${head}${smuggled}`)
    await client.ended
    expect(client.heard()).toMatch(/^HTTP\/1\.1 400/)
    expect(client.heard().match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(reached).toBe(0)
    client.socket.destroy()
  })

  it("is read as its length says, whatever a GET's body looks like", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const inner = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n"
    const outer = `GET /outer HTTP/1.1\r\nhost: app.test\r\nconnection: close\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`
    const client = speak(stage.port, outer)
    await client.ended
    expect(client.heard()).toContain(`reached with ${inner.length} bytes of /outer`)
    expect(client.heard()).not.toContain("of /smuggled")
    client.socket.destroy()
  })

  it.each([
    { name: "two hosts", headers: { host: "other.test" }, status: 400 },
    { name: "a path with a line in it", headers: { ":path": "/a b" }, status: 400 },
    { name: "no path", headers: { ":path": "nowhere" }, status: 400 },
  ])("is refused when it comes by HTTP/2: $name", async ({ headers, status }) => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    session.on("error", () => {})
    const stream = session.request({ ":method": "GET", ":path": "/", ":authority": "app.test", ...headers })
    const told = await new Promise((resolve) => {
      stream.on("response", (given) => resolve(given[":status"]))
      stream.on("error", () => resolve(status))
      stream.on("close", () => resolve(status))
    })
    session.destroy()
    expect(told).toBe(status)
  })

  it("is refused when a body that comes by HTTP/2 is longer than its length", async () => {
    let body = ""
    await using app = await startApp((incoming, response) => {
      incoming.on("data", (chunk) => {
        body += chunk
      })
      incoming.on("end", () => response.end())
    })
    await using stage = await startStage(serve(app.port))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    session.on("error", () => {})
    const stream = session.request({ ":method": "POST", ":path": "/", ":authority": "app.test", "content-length": "3" })
    const ended = new Promise((resolve) => stream.on("close", resolve))
    stream.on("error", () => {})
    stream.resume()
    stream.end("abcGET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n")
    await ended
    session.destroy()
    expect(body.length).toBeLessThanOrEqual(3)
  })

  it("goes by the address in its first line only when Host says the same", async () => {
    await using app = await echo()
    await using stage = await startStage(serve(app.port))
    const told = async (line: string): Promise<string> => {
      const client = speak(stage.port, `GET ${line} HTTP/1.1\r\nhost: app.test\r\nconnection: close\r\n\r\n`)
      await client.ended
      client.socket.destroy()
      return client.heard()
    }
    expect(await told("http://app.test/inner?a=b")).toContain("of /inner?a=b")
    expect(await told("http://other.test/inner")).toMatch(/^HTTP\/1\.1 400/)
    expect(await told("ftp://app.test/")).toMatch(/^HTTP\/1\.1 400/)
  })

  it("may not open a tunnel", async () => {
    await using stage = await startStage()
    const sent = request({ port: stage.port, host: "127.0.0.1", method: "CONNECT", path: "app.test:80" })
    sent.on("error", () => {})
    const status = await new Promise((resolve) => {
      sent.on("connect", (answer, socket) => {
        socket.destroy()
        resolve(answer.statusCode)
      })
      sent.on("close", () => resolve("closed"))
      sent.end()
    })
    expect(status).not.toBe(200)
  })
})
