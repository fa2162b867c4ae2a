import type { Socket } from "node:net"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "vitest"
import { ClientConnection, type Exchange, type Length } from "./client-connection.ts"
import { MalformedMessage } from "./malformed.ts"
import { Recorder } from "./testing/recorder.ts"
import { answering, startServer } from "./testing/scripted-server.ts"

const get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"
const short = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/** A connection, and whether it has ended while nothing was on it. */
function open(port: number, limits: { connectTimeoutMs?: number; keepAliveMs?: number } = {}) {
  let end = (): void => {}
  const idleEnd = new Promise<void>((resolve) => {
    end = resolve
  })
  const told = { idleEnds: 0 }
  const server = { host: "127.0.0.1", port, connectTimeoutMs: 10_000, keepAliveMs: 10_000, ...limits }
  const connection = new ClientConnection(server, () => {
    told.idleEnds++
    end()
  })
  return { connection, idleEnd, told }
}

async function ask(connection: ClientConnection, { isHead = false } = {}): Promise<Recorder> {
  const exchange = new Recorder()
  connection.send(exchange, get, isHead, 0)
  await exchange.ended
  return exchange
}

/** What becomes of the first request to a server that says this. */
async function hear(answer: string, isHead = false): Promise<{ exchange: Recorder; isReusable: boolean }> {
  await using server = await startServer(answering(answer))
  const { connection } = open(server.port)
  const exchange = await ask(connection, { isHead })
  const { isReusable } = connection
  connection.destroy()
  return { exchange, isReusable }
}

/** The same of one that closes behind it. */
async function hearAndClose(answer: string, close: (socket: Socket) => void): Promise<Recorder> {
  await using server = await startServer((socket) => {
    socket.once("data", () => socket.write(answer, "latin1", () => close(socket)))
  })
  return await ask(open(server.port).connection)
}

describe("a connection to a server", () => {
  it("carries one request after the other", async () => {
    let connections = 0
    await using server = await startServer((socket) => {
      connections++
      answering(
        short,
        "HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\na: b\r\n\r\n",
        short,
      )(socket)
    })
    const { connection } = open(server.port)
    expect(await ask(connection)).toMatchObject({ status: 200, text: "ok", trailers: [] })
    expect([connection.isReusable, connection.hasCarried]).toEqual([true, true])
    expect(await ask(connection)).toMatchObject({ status: 404, text: "no", trailers: ["a", "b"] })
    expect((await ask(connection)).told).toEqual(["sent", "answered", "bodyData", "answerEnded"])
    expect(connections).toBe(1)
    connection.destroy()
  })

  it("carries the next request from within the end of the one before", async () => {
    await using server = await startServer(answering(short, short))
    const { connection } = open(server.port)
    const second = new Recorder()
    const first = new Recorder({ answerEnded: () => connection.send(second, get, false, 0) })
    connection.send(first, get, false, 0)
    await second.ended
    expect([first.text, second.text]).toEqual(["ok", "ok"])
    connection.destroy()
  })

  it("understands an answer that comes byte by byte", async () => {
    await using server = await startServer((socket) => {
      socket.once("data", () => {
        for (const byte of `HTTP/1.1 103 x\r\na: b\r\n\r\n${short}`) socket.write(byte)
      })
    })
    const { connection } = open(server.port)
    expect(await ask(connection)).toMatchObject({ status: 200, text: "ok" })
    connection.destroy()
  })

  it("says nothing of a request before the head is on its way", async () => {
    const { connection } = open(1)
    const exchange = await ask(connection)
    expect(exchange.told).toEqual(["failed"])
    expect(exchange.error).toMatchObject({ code: "ECONNREFUSED" })
    expect(connection.isReusable).toBe(false)
  })

  it("is given up when it is not taken in time", async () => {
    await using deaf = await startDeafServer()
    const fillers = [open(deaf.port), open(deaf.port)]
    const sent = fillers.map(
      ({ connection }) =>
        new Promise<void>((resolve) => {
          connection.send(new Recorder({ sent: resolve }), get, false, 0)
        }),
    )
    await Promise.all(sent)
    const { connection } = open(deaf.port, { connectTimeoutMs: 20 })
    const exchange = await ask(connection)
    expect(exchange.told).toEqual(["failed"])
    expect(exchange.error?.message).toBe("no connection within 20 ms")
    for (const filler of fillers) filler.connection.destroy()
  })
})

/** Its queue holds two connections; it takes none, as its thread sleeps. */
async function startDeafServer(): Promise<AsyncDisposable & { port: number }> {
  const code = `
    const { parentPort } = require("node:worker_threads")
    const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const worker = new Worker(code, { eval: true })
  const port = await new Promise<number>((resolve) => worker.once("message", resolve))
  return { port, [Symbol.asyncDispose]: async () => void (await worker.terminate()) }
}

describe("an answer without a body", () => {
  it.each([
    { name: "to HEAD, of a length", head: "HTTP/1.1 200 OK\r\ncontent-length: 5", isHead: true },
    { name: "to HEAD, in chunks", head: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", isHead: true },
    { name: "204 with a length", head: "HTTP/1.1 204 x\r\ncontent-length: 5" },
    { name: "304 with a length", head: "HTTP/1.1 304 x\r\ncontent-length: 5" },
    { name: "of length 0", head: "HTTP/1.1 200 x\r\ncontent-length: 0" },
  ])("ends with its head: $name", async ({ head, isHead = false }) => {
    await using server = await startServer(answering(`${head}\r\n\r\n`, short))
    const { connection } = open(server.port)
    expect((await ask(connection, { isHead })).told).toEqual(["sent", "answered", "answerEnded"])
    expect(await ask(connection)).toMatchObject({ status: 200, text: "ok" })
    connection.destroy()
  })
})

describe("interim answers", () => {
  it("are passed over", async () => {
    const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\ncontent-length: 3\r\nlink: x\r\n\r\n"
    expect((await hear(interim + short)).exchange).toMatchObject({ status: 200, text: "ok" })
  })

  it("without end are not waited for", async () => {
    const { exchange } = await hear("HTTP/1.1 100 Continue\r\n\r\n".repeat(1_001))
    expect(exchange.error?.message).toBe("the interim answers do not end")
  })

  it("are counted anew for each request", async () => {
    const many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(600) + short
    await using server = await startServer(answering(many, many))
    const { connection } = open(server.port)
    expect(await ask(connection)).toMatchObject({ text: "ok" })
    expect(await ask(connection)).toMatchObject({ text: "ok" })
    connection.destroy()
  })

  it("that end the connection are refused, as no other can follow", async () => {
    const { exchange } = await hear(`HTTP/1.1 103 x\r\nconnection: close\r\n\r\n${short}`)
    expect(exchange).toMatchObject({ status: 0, error: expect.any(MalformedMessage) })
  })

  it("that change the protocol are refused, as nobody has asked for it", async () => {
    const { exchange } = await hear("HTTP/1.1 101 x\r\nupgrade: y\r\nconnection: upgrade\r\n\r\n")
    expect(exchange).toMatchObject({ status: 0, error: expect.any(MalformedMessage) })
  })
})

describe("an answer that is none", () => {
  it.each([
    "SSH-2.0-x\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
    `HTTP/1.1 200 OK\r\na: ${"x".repeat(70_000)}`,
  ])("ends the connection, and its exchange has failed", async (answer) => {
    const { exchange, isReusable } = await hear(answer)
    expect(exchange.told).toEqual(["sent", "failed"])
    expect(exchange.error).toBeInstanceOf(MalformedMessage)
    expect(isReusable).toBe(false)
  })

  it("is seen in the middle of a body too", async () => {
    const { exchange } = await hear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n")
    expect(exchange).toMatchObject({ status: 200, text: "ok", error: expect.any(MalformedMessage) })
  })
})

describe("a server that closes", () => {
  const half: [string, (socket: Socket) => void][] = [
    ["ends", (socket) => socket.end()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ]

  it.each(half)("without an answer has failed: it %s", async (_, close) => {
    expect((await hearAndClose("", close)).told).toEqual(["sent", "failed"])
  })

  it.each(half)("in the middle of an answer has failed: it %s", async (_, close) => {
    for (const answer of [
      "HTTP/1.1 200 OK\r\ncontent-le",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
    ]) {
      expect((await hearAndClose(answer, close)).told.at(-1)).toBe("failed")
    }
  })

  it("says so the end of a body without a length", async () => {
    const exchange = await hearAndClose("HTTP/1.1 200 OK\r\n\r\nall of it", (socket) => socket.end())
    expect(exchange).toMatchObject({ text: "all of it", error: undefined })
  })

  it("has not said so with a reset", async () => {
    await using server = await startServer((socket) => {
      socket.on("data", () =>
        socket.bytesWritten === 0 ? socket.write("HTTP/1.0 200 OK\r\n\r\nhalf") : socket.resetAndDestroy(),
      )
    })
    const { connection } = open(server.port)
    const exchange = new Recorder({ bodyData: () => void connection.sendBody(Buffer.from("more")) })
    connection.send(exchange, get, false, "chunked")
    await exchange.ended
    expect(exchange).toMatchObject({ text: "half", error: { code: "ECONNRESET" } })
  })

  it.each(half)("while nothing is asked is told of once: it %s", async (_, close) => {
    let leave = (): void => {}
    await using server = await startServer((socket) => {
      answering(short)(socket)
      leave = () => close(socket)
    })
    const { connection, idleEnd, told } = open(server.port)
    await ask(connection)
    leave()
    await idleEnd
    expect(connection.isReusable).toBe(false)
    await settled()
    expect(told.idleEnds).toBe(1)
  })
})

/** Whatever the event loop has at hand is done, closing sockets too. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

describe("a connection that can carry no other request", () => {
  it.each([
    ["the server says so", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
    ["the server speaks HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["the server is about to leave", "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok"],
    ["there are bytes behind the answer", `${short}x`],
    ["there is another answer behind it", short + short],
    ["there is an empty line behind it", `${short}\r\n`],
  ])("says so when the answer has ended: %s", async (_, answer) => {
    const { exchange, isReusable } = await hear(answer)
    expect(exchange).toMatchObject({ text: "ok", error: undefined })
    expect(isReusable).toBe(false)
  })

  it("says so when the answer came before the body had left", async () => {
    for (const length of [5, "chunked"] as const) {
      await using server = await startServer(answering(short))
      const { connection } = open(server.port)
      const exchange = new Recorder({ sent: () => void connection.sendBody(Buffer.from("abc")) })
      connection.send(exchange, get, false, length)
      await exchange.ended
      expect([exchange.text, connection.isReusable]).toEqual(["ok", false])
      connection.destroy()
    }
  })

  it("ends when the server speaks unasked", async () => {
    let speak = (): void => {}
    await using server = await startServer((socket) => {
      answering(short)(socket)
      speak = () => void socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n")
    })
    const { connection, idleEnd } = open(server.port)
    await ask(connection)
    expect(connection.isReusable).toBe(true)
    speak()
    await idleEnd
    expect(connection.isReusable).toBe(false)
  })
})

describe("a connection that idles", () => {
  it("ends after its time, and one with a request on it does not", async () => {
    let answer = (): void => {}
    await using server = await startServer((socket) => {
      socket.once("data", () => {
        answer = () => void socket.write(short)
      })
    })
    const busy = open(server.port, { keepAliveMs: 10 })
    const exchange = new Recorder()
    busy.connection.send(exchange, get, false, 0)
    for (let round = 0; round < 3; round++) {
      await using other = await startServer(answering(short))
      const idle = open(other.port, { keepAliveMs: 10 })
      await ask(idle.connection)
      await idle.idleEnd
      expect(idle.connection.isReusable).toBe(false)
    }
    answer()
    await exchange.ended
    expect(exchange).toMatchObject({ text: "ok" })
    expect(busy.connection.isReusable).toBe(true)
    await busy.idleEnd
  })
})

/** All that a server hears of one request with this body. */
async function sendAll(length: Length, send: (connection: ClientConnection) => void) {
  let heard = ""
  await using server = await startServer((socket) => {
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1")
      if (heard.endsWith("end\r\n\r\n") || heard.endsWith("end")) socket.write(short)
    })
  })
  const { connection } = open(server.port)
  const exchange = new Recorder({ sent: () => send(connection) })
  connection.send(exchange, "POST / HTTP/1.1\r\n\r\n", false, length)
  await exchange.ended
  const { isReusable } = connection
  connection.destroy()
  return { heard: heard.slice("POST / HTTP/1.1\r\n\r\n".length), exchange, isReusable }
}

describe("the body of a request", () => {
  it("follows its head, in chunks where its length is not known", async () => {
    const counted = await sendAll(6, (connection) => {
      connection.sendBody(Buffer.from("the"))
      connection.sendBody(Buffer.from("end"))
      connection.endBody()
    })
    expect(counted).toMatchObject({ heard: "theend", isReusable: true })
    const chunked = await sendAll("chunked", (connection) => {
      connection.sendBody(Buffer.from("x".repeat(18)))
      // An empty chunk would be the last.
      connection.sendBody(Buffer.alloc(0))
      connection.endBody(["t", "end"])
    })
    expect(chunked).toMatchObject({ heard: `12\r\n${"x".repeat(18)}\r\n0\r\nt: end\r\n\r\n`, isReusable: true })
  })

  it("is never longer than its head says: the rest would be another request", async () => {
    const { heard, exchange } = await sendAll(3, (connection) => connection.sendBody(Buffer.from("abcGET / HTTP/1.1")))
    expect(heard).not.toContain("GET")
    expect(exchange.error).toBeInstanceOf(MalformedMessage)
  })

  it("is never shorter than its head says: the next request would be its rest", async () => {
    const { exchange } = await sendAll(3, (connection) => {
      connection.sendBody(Buffer.from("ab"))
      connection.endBody()
    })
    expect(exchange.error).toBeInstanceOf(MalformedMessage)
  })

  it("waits for a server that does not read", async () => {
    let read = (): void => {}
    let taken = 0
    const size = 20 * 1024 * 1024
    await using server = await startServer((socket) => {
      socket.pause()
      read = () => socket.resume()
      socket.on("data", (chunk: Buffer) => {
        taken += chunk.length
        if (taken === get.length + size) socket.write(short)
      })
    })
    const { connection } = open(server.port)
    let left = size
    const piece = Buffer.alloc(64 * 1024)
    const send = (): void => {
      while (left > 0) {
        left -= piece.length
        if (!connection.sendBody(piece)) {
          if (exchange.told.length === 1) read()
          return
        }
      }
    }
    const exchange: Recorder = new Recorder({ sent: () => setImmediate(send), bodyWanted: send })
    connection.send(exchange, get, false, size)
    await exchange.ended
    expect(exchange).toMatchObject({ text: "ok", error: undefined })
    expect(exchange.told).toContain("bodyWanted")
    connection.destroy()
  })
})

describe("a connection whose answer nobody reads", () => {
  it("is not read either, and all comes once somebody does", async () => {
    const size = 50 * 1024 * 1024
    let bytes = 0
    let unsent = (): number => 0
    await using server = await startServer((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
        socket.write(Buffer.alloc(size, "x"))
        unsent = () => socket.writableLength
      })
    })
    await using other = await startServer(answering(short, short, short))
    const { connection } = open(server.port)
    const paused = new Promise<void>((resolve) => {
      const exchange: Exchange = new Recorder()
      exchange.bodyData = (piece) => {
        if (bytes === 0) {
          connection.pause()
          resolve()
        }
        bytes += piece.length
      }
      exchange.answerEnded = () => ended.resolve(undefined)
      connection.send(exchange, get, false, 0)
    })
    const ended = Promise.withResolvers()
    await paused
    const before = bytes
    const { connection: elsewhere } = open(other.port)
    for (let round = 0; round < 3; round++) await ask(elsewhere)
    expect(bytes).toBe(before)
    expect(unsent()).toBeGreaterThan(0)
    connection.resume()
    await ended.promise
    expect(bytes).toBe(size)
    connection.destroy()
    elsewhere.destroy()
  })

  it("is read again for the next request, when it was the last piece that nobody read", async () => {
    await using server = await startServer(answering(short, short))
    const { connection } = open(server.port)
    const first = new Recorder({ bodyData: () => connection.pause() })
    connection.send(first, get, false, 0)
    await first.ended
    expect(await ask(connection)).toMatchObject({ text: "ok" })
    connection.destroy()
  })
})

describe("who destroys a connection", () => {
  const chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n2\r\nok\r\n0\r\n\r\n"

  it.each(["sent", "answered", "bodyData", "answerEnded"] as const)("at %s is told nothing more", async (moment) => {
    const closed = Promise.withResolvers<void>()
    await using server = await startServer((socket) => {
      answering(chunks)(socket)
      socket.on("close", () => closed.resolve())
    })
    const { connection } = open(server.port)
    const exchange = new Recorder({ [moment]: () => connection.destroy() })
    connection.send(exchange, get, false, 0)
    await closed.promise
    await settled()
    expect(exchange.told.indexOf(moment)).toBe(exchange.told.length - 1)
    expect(connection.isReusable).toBe(false)
  })

  it("before it is made is told nothing at all", async () => {
    await using server = await startServer(answering(short))
    const { connection } = open(server.port)
    const exchange = new Recorder()
    connection.send(exchange, get, false, 0)
    connection.destroy()
    await settled()
    expect(exchange.told).toEqual([])
  })

  it("as it fails breaks nothing", async () => {
    await using server = await startServer((socket) => socket.resetAndDestroy())
    const { connection } = open(server.port)
    const exchange = new Recorder({ failed: () => connection.destroy() })
    connection.send(exchange, get, false, 0)
    await exchange.ended
    expect(exchange.told.filter((what) => what === "failed")).toHaveLength(1)
  })
})
