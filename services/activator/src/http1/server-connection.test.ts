import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { HttpDate } from "./http-date.ts"
import { type Callee, ServerConnection } from "./server-connection.ts"
import type { ServerRequest } from "./server-request.ts"
import type { ServerResponse } from "./server-response.ts"

type Handle = (request: ServerRequest, response: ServerResponse) => void

const ending = "connection: keep-alive\r\nkeep-alive: timeout=75\r\n\r\n"
const date = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

/** A server of one connection after the other; each is kept to be asked about. */
async function serve(handle: Handle, given: Partial<Callee> = {}) {
  const clock = new SimulatedClock()
  const connections: ServerConnection[] = []
  const callee: Callee = {
    clock,
    date: new HttpDate({ now: () => 0 }),
    headTimeoutMs: 1000,
    isClosing: () => false,
    request: handle,
    upgrade: (_request, protocol, socket, first) => socket.end(`${protocol} after ${first}`),
    refuse: (socket, status, text) => {
      socket.end(`refused with ${status}: ${text}`)
      socket.destroySoon()
    },
    ...given,
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy())
    connections.push(new ServerConnection(socket, callee))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const clients: Socket[] = []
  return {
    clock,
    connections,
    speak: (words = "") => {
      const client = speak((server.address() as AddressInfo).port, words)
      clients.push(client.socket)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const client of clients) client.destroy()
      for (const { socket } of connections) socket.destroy()
    },
  }
}

/** `heard` resolves when what has come fits, `ended` with all of it. */
function speak(port: number, words: string) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true })
  let told = ""
  const ended = new Promise<string>((resolve) => {
    for (const event of ["end", "close"]) socket.on(event, () => resolve(told))
  })
  socket.on("error", () => {})
  const heard = (fits: string | RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (typeof fits === "string" ? !told.includes(fits) : !fits.test(told)) return
        socket.off("data", look)
        resolve(told)
      }
      socket.on("data", look)
      look()
    })
  socket.on("data", (chunk: Buffer) => {
    told += chunk.toString("latin1")
  })
  socket.write(words, "latin1")
  return { socket, heard, ended }
}

const hello: Handle = (_request, response) => response.writeHead(200, ["content-length", "5"]).end("hello")

/** Answers with what has come. */
const echo: Handle = (request, response) => {
  let body = ""
  const answer = (): void => response.writeHead(200, []).end(`${request.method} ${request.url} ${body}`)
  if (request.body === undefined) return answer()
  request.body.on("data", (piece: Buffer) => {
    body += piece.toString("latin1")
  })
  request.body.on("end", answer)
}

describe("an answer", () => {
  it("has the application's headers as they were written, a date, and a word on the connection", async () => {
    await using server = await serve((_request, response) =>
      response.writeHead(200, ["X-Own", "caf\xe9", "Content-Length", "2"], "Fine").end("ok"),
    )
    const client = server.speak("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    expect(await client.heard("\r\n\r\nok")).toBe(
      `HTTP/1.1 200 Fine\r\nX-Own: caf\xe9\r\nContent-Length: 2\r\n${date}${ending}ok`,
    )
  })

  it("keeps the application's own date", async () => {
    await using server = await serve((_request, response) => response.writeHead(200, ["Date", "then"]).end())
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    expect(await client.heard("\r\n\r\n")).toBe(`HTTP/1.1 200 OK\r\nDate: then\r\ncontent-length: 0\r\n${ending}`)
  })

  it("that is whole at once says how long it is", async () => {
    await using server = await serve((_request, response) => response.writeHead(200, []).end("schön"))
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    expect(await client.heard("sch")).toContain("content-length: 6\r\n")
  })

  it("comes in chunks where nobody knows its length, with its trailers behind them", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, []).write(Buffer.from("one"))
      response.write(Buffer.alloc(0))
      response.addTrailers({ "X-Sum": "1" })
      response.end("two")
    })
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    const told = await client.heard("\r\n0\r\n")
    expect(told).toContain("transfer-encoding: chunked\r\n")
    expect(told.slice(told.indexOf("\r\n\r\n") + 4)).toBe("3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 1\r\n\r\n")
  })

  it("with trailers and no body is in chunks too", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, []).addTrailers({ "X-Sum": "0" })
      response.end()
    })
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    expect(await client.heard("X-Sum: 0\r\n\r\n")).toContain(`${ending}0\r\n`)
  })

  it("without a length ends with the connection for a client of HTTP/1.0", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, []).write(Buffer.from("one "))
      response.end("two")
    })
    const client = server.speak("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    expect(await client.ended).toBe(`HTTP/1.1 200 OK\r\n${date}connection: close\r\n\r\none two`)
  })

  it.each([
    { name: "to HEAD", request: "HEAD / HTTP/1.1", status: 200, headers: ["content-length", "5"], body: "hello" },
    { name: "to HEAD, of unknown length", request: "HEAD / HTTP/1.1", status: 200, headers: [], body: "hello" },
    { name: "204", request: "GET / HTTP/1.1", status: 204, headers: [], body: "" },
    {
      name: "304, of which it says the length",
      request: "GET / HTTP/1.1",
      status: 304,
      headers: ["content-length", "5"],
      body: "",
    },
  ])("has no body and no other length than it says: $name", async ({ request, status, headers, body }) => {
    await using server = await serve((_request, response) => {
      response.writeHead(status, headers)
      if (body !== "") response.write(Buffer.from(body))
      response.end()
    })
    const client = server.speak(`${request}\r\n\r\n`)
    const told = await client.heard("\r\n\r\n")
    expect(told.endsWith(`${date}${ending}`)).toBe(true)
    expect(/content-length|transfer-encoding/.exec(told)?.[0]).toBe(headers[0])
    // What comes next on the connection is the next answer.
    client.socket.write("GET /next HTTP/1.1\r\n\r\n")
    expect(await client.heard(/\r\n\r\nHTTP/)).toContain(`\r\n\r\nHTTP/1.1 ${status}`)
  })

  it("that has begun and is cut off ends the connection, and is told so", async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await serve((_request, response) => {
      response.on("close", () => closed.resolve())
      response.writeHead(200, ["content-length", "10"]).write(Buffer.from("half"))
    })
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    await client.heard("half")
    client.socket.destroy()
    await closed.promise
  })

  it("has its head sent before its body when that is asked for", async () => {
    const responses: ServerResponse[] = []
    await using server = await serve((_request, response) => {
      responses.push(response)
      response.writeHead(200, []).flushHeaders()
    })
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    await client.heard("\r\n\r\n")
    responses[0]?.end("late")
    expect(await client.heard("0\r\n\r\n")).toMatch(/\r\n\r\n4\r\nlate\r\n0\r\n\r\n$/)
  })
})

describe("a connection", () => {
  it("carries one request after the other, however their bytes are cut", async () => {
    await using server = await serve(echo)
    const client = server.speak()
    const words =
      "POST /1 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc" +
      "\r\nPOST /2 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n" +
      "GET /3 HTTP/1.1\r\nconnection: close\r\n\r\n"
    for (const byte of words) {
      client.socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await client.ended).match(/(?:POST|GET) .*?(?=HTTP|$)/g)).toEqual(["POST /1 abc", "POST /2 de", "GET /3 "])
  })

  it("is read no further than the next request while one is served", async () => {
    const responses: ServerResponse[] = []
    await using server = await serve((_request, response) => void responses.push(response))
    const client = server.speak("GET /1 HTTP/1.1\r\n\r\n".repeat(3))
    for (let n = 1; n <= 3; n++) {
      while (responses.length < n) await new Promise((resolve) => setImmediate(resolve))
      expect(responses).toHaveLength(n)
      responses[n - 1]?.writeHead(200, []).end(String(n))
      await client.heard(new RegExp(`\r\n\r\n${n}`))
    }
  })

  it("answers many at once that need no wait, in their order", async () => {
    let served = 0
    await using server = await serve((_request, response) => response.writeHead(200, []).end(`#${++served}`))
    const client = server.speak("GET / HTTP/1.1\r\n\r\n".repeat(500))
    const told = await client.heard("#500")
    expect(told.match(/#\d+/g)).toEqual(Array.from({ length: 500 }, (_, i) => `#${i + 1}`))
  })

  it("ends with its answer when either side wants that", async () => {
    await using server = await serve(hello)
    expect(await server.speak("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").ended).toContain("connection: close\r\n")
    expect(await server.speak("GET / HTTP/1.0\r\n\r\n").ended).toContain("connection: close\r\n")
    await using closing = await serve(hello, { isClosing: () => true })
    expect(await closing.speak("GET / HTTP/1.1\r\n\r\n").ended).toContain("connection: close\r\n")
  })

  it("is the upgrade's from where that was asked for", async () => {
    await using server = await serve(hello)
    const client = server.speak("GET / HTTP/1.1\r\nconnection: keep-alive, Upgrade\r\nupgrade: words\r\n\r\nmine")
    expect(await client.ended).toBe("words after mine")
  })

  it("is not, where a body follows: a server may ignore the wish", async () => {
    await using server = await serve(echo)
    const client = server.speak(
      "POST / HTTP/1.1\r\nconnection: upgrade, close\r\nupgrade: words\r\ncontent-length: 2\r\n\r\nhi",
    )
    expect(await client.ended).toMatch(/POST \/ hi$/)
  })

  it("tells a client that waits for it to go on with the body", async () => {
    await using server = await serve(echo)
    const client = server.speak("POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    expect(await client.heard("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n")
    client.socket.write("hi")
    await client.heard("POST / hi")
  })

  it("reads a body no faster than somebody takes it", async () => {
    const bodies: NonNullable<ServerRequest["body"]>[] = []
    await using server = await serve((request) => void bodies.push(request.body as NonNullable<ServerRequest["body"]>))
    const client = server.speak("POST / HTTP/1.1\r\ncontent-length: 100000000\r\n\r\n")
    let isFull = false
    while (!isFull) {
      isFull = !client.socket.write(Buffer.alloc(1_000_000)) && client.socket.writableLength > 30_000_000
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(bodies[0]?.readableLength).toBeLessThan(1_000_000)
  })

  it("reads past what is left of a body after the answer, and goes on", async () => {
    await using server = await serve((request, response) => response.writeHead(200, []).end(request.url))
    const client = server.speak("POST /1 HTTP/1.1\r\ncontent-length: 3000000\r\n\r\n")
    await client.heard("/1")
    client.socket.write(Buffer.alloc(3_000_000))
    client.socket.write("GET /2 HTTP/1.1\r\n\r\n")
    await client.heard("/2")
  })

  it("goes on after a body that waited in here whole", async () => {
    const bodies: ServerRequest["body"][] = []
    await using server = await serve((request, response) => {
      if (request.body === undefined) return hello(request, response)
      bodies.push(request.body)
      request.body.on("end", () => response.writeHead(200, []).end("read"))
    })
    const client = server.speak("POST / HTTP/1.1\r\ncontent-length: 70000\r\n\r\n")
    client.socket.write(Buffer.alloc(70_000))
    while (bodies[0]?.readableLength !== 70_000) await new Promise((resolve) => setImmediate(resolve))
    bodies[0].resume()
    await client.heard("read")
    client.socket.write("GET / HTTP/1.1\r\n\r\n")
    await client.heard("hello")
  })

  it("that is closed while it idles still brings what its client has not read", async () => {
    const length = 30_000_000
    await using server = await serve((_request, response) => response.writeHead(200, []).end("x".repeat(length)))
    const client = server.speak()
    client.socket.pause()
    client.socket.write("GET / HTTP/1.1\r\n\r\n")
    while ((server.connections[0]?.socket.writableLength ?? 0) === 0)
      await new Promise((resolve) => setImmediate(resolve))
    expect(server.connections[0]?.isUnasked).toBe(false)
    server.connections[0]?.closeIfIdle()
    client.socket.resume()
    expect(await client.ended).toMatch(/x{1000}$/)
    expect(client.socket.bytesRead).toBeGreaterThan(length)
  })

  it("is let go when nothing of its answer has been read for as long as it may idle", async () => {
    await using server = await serve((_request, response) => response.writeHead(200, []).end("x".repeat(30_000_000)))
    const client = server.speak()
    client.socket.pause()
    client.socket.write("GET / HTTP/1.1\r\n\r\n")
    while ((server.connections[0]?.socket.writableLength ?? 0) === 0)
      await new Promise((resolve) => setImmediate(resolve))
    const connection = server.connections[0] as ServerConnection
    connection.endIfOverdue()
    await server.clock.advance(74_000)
    connection.endIfOverdue()
    expect(connection.socket.destroyed).toBe(false)
    await server.clock.advance(1000)
    connection.endIfOverdue()
    expect(connection.socket.destroyed).toBe(true)
  })

  it("stays while its answer is read, however slowly", async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, [])
      for (let piece = 0; piece < 30; piece++) response.write(Buffer.alloc(1_000_000, "x"))
      response.end()
    })
    const client = server.speak()
    client.socket.pause()
    client.socket.write("GET / HTTP/1.1\r\n\r\n")
    const unread = () => server.connections[0]?.socket.writableLength ?? 0
    while (unread() === 0) await new Promise((resolve) => setImmediate(resolve))
    const connection = server.connections[0] as ServerConnection
    connection.endIfOverdue()
    const before = unread()
    await server.clock.advance(74_000)
    client.socket.resume()
    while (unread() === before) await new Promise((resolve) => setImmediate(resolve))
    client.socket.pause()
    connection.endIfOverdue()
    await server.clock.advance(74_000)
    connection.endIfOverdue()
    expect(connection.socket.destroyed).toBe(false)
  })

  it("whose client goes on with a body after the answer has as long as a head has", async () => {
    await using server = await serve((_request, response) => response.writeHead(413, []).end("no"))
    const client = server.speak("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf")
    await client.heard("no")
    await server.clock.advance(999)
    server.connections[0]?.endIfOverdue()
    expect(server.connections[0]?.socket.destroyed).toBe(false)
    await server.clock.advance(1)
    server.connections[0]?.endIfOverdue()
    await client.ended
  })

  it("tells who reads a body that its client has left in the middle", async () => {
    const broken = Promise.withResolvers<Error>()
    await using server = await serve((request) => void request.body?.on("error", broken.resolve).resume())
    const client = server.speak("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf")
    while (server.connections[0]?.isUnasked !== false) await new Promise((resolve) => setImmediate(resolve))
    client.socket.destroy()
    expect((await broken.promise).message).toBe("the client broke off")
  })
})

describe("what is refused", () => {
  it.each([
    { name: "no request line", words: "hello\r\n\r\n", status: 400 },
    { name: "a tunnel", words: "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n", status: 405 },
    { name: "a version that is not spoken here", words: "GET / HTTP/2.0\r\n\r\n", status: 505 },
    { name: "a head without end", words: `GET / HTTP/1.1\r\nx: ${"y".repeat(70_000)}`, status: 431 },
    {
      name: "a wish that nobody knows",
      words: "POST / HTTP/1.1\r\nexpect: 200-ok\r\ncontent-length: 1\r\n\r\n",
      status: 417,
    },
  ])("ends the connection: $name", async ({ words, status }) => {
    await using server = await serve(hello)
    expect(await server.speak(words).ended).toMatch(new RegExp(`^refused with ${status}: `))
  })

  it("in a body is refused in the answer's place, and who serves it hears that its client is gone", async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await serve((request, response) => {
      request.body?.resume()
      response.on("close", () => closed.resolve())
    })
    const client = server.speak("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n")
    expect(await client.ended).toMatch(/^refused with 400: /)
    await closed.promise
  })

  it("is not put off by empty lines: who sends nothing else idles", async () => {
    await using server = await serve(hello)
    const client = server.speak("GET / HTTP/1.1\r\n\r\n")
    await client.heard("hello")
    await server.clock.advance(74_000)
    const before = server.connections[0]?.socket.bytesRead ?? 0
    client.socket.write("\r\n\r\n")
    while (server.connections[0]?.socket.bytesRead === before) await new Promise((resolve) => setImmediate(resolve))
    await server.clock.advance(1000)
    server.connections[0]?.endIfOverdue()
    expect(await client.ended).toMatch(/hello$/)
  })

  it("is a head that does not end in time, not one that is waited for", async () => {
    await using server = await serve(hello)
    const idle = server.speak("GET / HTTP/1.1\r\n\r\n")
    await idle.heard("hello")
    const slow = server.speak("GET / HT")
    while (server.connections[1]?.socket.bytesRead !== 8) await new Promise((resolve) => setImmediate(resolve))
    await server.clock.advance(1000)
    for (const connection of server.connections) connection.endIfOverdue()
    expect(await slow.ended).toMatch(/^refused with 408: /)
    expect(idle.socket.readyState).toBe("open")
    await server.clock.advance(74_000)
    for (const connection of server.connections) connection.endIfOverdue()
    expect(await idle.ended).toMatch(/hello$/)
  })
})
