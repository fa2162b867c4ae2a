import { createServer as createHttpServer, request } from "node:http"
import {
  createServer as createH2Server,
  type Http2Server,
  connect as h2connect,
  type ServerHttp2Stream,
} from "node:http2"
import { type AddressInfo, connect } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { ask, startApp, startStage, until } from "../testing/stage.ts"

const megabyte = 1024 * 1024

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

const serve =
  (port: number, spec: Record<string, unknown> = {}, portName = "http1") =>
  (cluster: ScriptedCluster): void => {
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", port, spec, portName)
    cluster.pod("a", "app-1", "127.0.0.1")
  }

describe("bodies", () => {
  it("stream 200 MB both ways in flat memory: what sockets and pipes hold, and no more", async () => {
    await using app = await startApp((incoming, response) => void incoming.pipe(response))
    await using stage = await startStage(serve(app.port))
    const chunk = Buffer.alloc(megabyte, "x")
    const total = 200
    let received = 0
    let most = 0
    const before = process.memoryUsage()
    await new Promise<void>((resolve, reject) => {
      const sent = request(
        { port: stage.port, host: "127.0.0.1", method: "POST", headers: { host: "app.test" } },
        (answer) => {
          answer.on("data", (part: Buffer) => {
            received += part.length
            if (received % (10 * megabyte) >= part.length) return
            collectGarbage()
            const { arrayBuffers, heapUsed } = process.memoryUsage()
            most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed)
          })
          answer.on("end", resolve)
        },
      )
      sent.on("error", reject)
      let written = 0
      const write = (): void => {
        while (written < total) {
          written++
          if (!sent.write(chunk)) return void sent.once("drain", write)
        }
        sent.end()
      }
      write()
    })
    expect(received).toBe(total * megabyte)
    expect(most).toBeLessThan(90 * megabyte)
  })

  it("hold an application back that is faster than its client", async () => {
    let produced = 0
    await using app = await startApp((_request, response) => {
      const chunk = Buffer.alloc(megabyte)
      const produce = (): void => {
        while (produced < 200) {
          produced++
          if (!response.write(chunk)) return void response.once("drain", produce)
        }
        response.end()
      }
      produce()
    })
    await using stage = await startStage(serve(app.port))
    const socket = connect(stage.port, "127.0.0.1")
    socket.write("GET / HTTP/1.1\r\nhost: app.test\r\n\r\n")
    // A client that never reads: what the sockets' buffers do not hold stays in the application.
    await until(() => produced > 0)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(produced).toBeLessThan(60)
    socket.destroy()
  })

  it("pass a slow client's body on as it comes", async () => {
    const parts: string[] = []
    await using app = await startApp((incoming, response) => {
      incoming.on("data", (chunk: Buffer) => parts.push(chunk.toString()))
      incoming.on("end", () => response.end("thanks"))
    })
    await using stage = await startStage(serve(app.port))
    const sent = request({ port: stage.port, host: "127.0.0.1", method: "POST", headers: { host: "app.test" } })
    const answered = new Promise((resolve) => sent.on("response", resolve))
    sent.write("one")
    await until(() => parts.length === 1)
    sent.write("two")
    await until(() => parts.length === 2)
    sent.end()
    await answered
    expect(parts).toEqual(["one", "two"])
  })

  it.each(["HTTP/1.1", "h2c"])(
    "go both ways at once over %s: an answer to the first word before the second is said",
    async (protocol) => {
      await using app = await startApp((incoming, response) => {
        incoming.on("data", (word: Buffer) => response.write(word.toString().toUpperCase()))
        incoming.on("end", () => response.end())
      })
      await using stage = await startStage(serve(app.port))
      const session = protocol === "h2c" ? h2connect(`http://127.0.0.1:${stage.port}`) : undefined
      const sent =
        session?.request({ ":method": "POST", ":path": "/", ":authority": "app.test" }) ??
        request({ port: stage.port, host: "127.0.0.1", method: "POST", headers: { host: "app.test" } })
      let heard = ""
      const hear = (chunk: Buffer): void => {
        heard += chunk
      }
      if (session) sent.on("data", hear)
      else sent.on("response", (answer) => answer.on("data", hear))
      for (const [word, answer] of [
        ["one", "ONE"],
        ["two", "ONETWO"],
      ]) {
        sent.write(word)
        await until(() => heard === answer)
      }
      const ended = new Promise((resolve) => sent.on("close", resolve))
      sent.end()
      await ended
      session?.destroy()
    },
  )

  it("show an answer's first bytes before its last are made", async () => {
    let finish: () => void = () => {}
    await using app = await startApp((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.flushHeaders()
      finish = () => response.end("data: 1\n\n")
    })
    await using stage = await startStage(serve(app.port))
    const status = await new Promise((resolve) => {
      request({ port: stage.port, host: "127.0.0.1", headers: { host: "app.test" } }, (answer) => {
        resolve(answer.statusCode)
        answer.resume()
      }).end()
    })
    expect(status).toBe(200)
    finish()
  })

  it("let an application answer before it has read the body, and keep the client's connection", async () => {
    await using app = await startApp((_request, response) => {
      response.statusCode = 413
      response.end("too large")
    })
    await using stage = await startStage(serve(app.port))
    const answer = await ask(stage.port, "app.test", { method: "POST", body: Buffer.alloc(4 * megabyte) })
    expect(answer).toMatchObject({ status: 413, body: "too large" })
  })
})

describe("a full queue", () => {
  it("refuses the request beyond 10,000 with 503 and a time to come back", async () => {
    await using stage = await startStage((cluster) => {
      cluster.route("app", { "app-1": 100 })
      cluster.revision("app-1", 1)
    })
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    const sessions = [session, ...Array.from({ length: 10 }, () => h2connect(`http://127.0.0.1:${stage.port}`))]
    let refused: { status: unknown; retry: unknown } | undefined
    let sent = 0
    for (const one of sessions) {
      await new Promise((resolve) => one.once("remoteSettings", resolve))
      for (let i = 0; i < 1000 && sent < 10_001; i++, sent++) {
        const stream = one.request({ ":path": "/", ":authority": "app.test" })
        stream.on("error", () => {})
        stream.on("response", (headers) => {
          refused = { status: headers[":status"], retry: headers["retry-after"] }
        })
        stream.end()
      }
    }
    await until(() => refused !== undefined)
    expect(refused).toEqual({ status: 503, retry: "1" })
    for (const one of sessions) one.destroy()
  })
})

describe("protocol upgrades", () => {
  it("carry a WebSocket's messages both ways", async () => {
    const server = createHttpServer()
    new WebSocketServer({ server }).on("connection", (socket) =>
      socket.on("message", (data) => socket.send(`echo ${data}`)),
    )
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    await using stage = await startStage(serve((server.address() as AddressInfo).port))
    const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/chat`, { headers: { host: "app.test" } })
    const heard: string[] = []
    socket.on("message", (data) => heard.push(String(data)))
    await new Promise((resolve) => socket.once("open", resolve))
    socket.send("one")
    socket.send("two")
    await until(() => heard.length === 2)
    expect(heard).toEqual(["echo one", "echo two"])
    socket.close()
    await new Promise((resolve) => socket.once("close", resolve))
    server.close()
    server.closeAllConnections()
  })

  it("are cut at the revision's timeout", async () => {
    const server = createHttpServer()
    new WebSocketServer({ server })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    await using stage = await startStage(serve((server.address() as AddressInfo).port, { timeoutSeconds: 0.1 }))
    const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/`, { headers: { host: "app.test" } })
    socket.on("error", () => {})
    await new Promise((resolve) => socket.once("close", resolve))
    server.close()
    server.closeAllConnections()
  })

  it("pass on an application's refusal", async () => {
    await using app = await startApp((_request, response) => {
      response.statusCode = 403
      response.end("no")
    })
    app.server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"))
    await using stage = await startStage(serve(app.port))
    const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/`, { headers: { host: "app.test" } })
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, answer) => resolve(answer.statusCode))
      socket.on("error", () => {})
    })
    expect(status).toBe(403)
  })
})

describe("HTTP/2 in clear text", () => {
  const startH2App = async (): Promise<{ server: Http2Server; port: number }> => {
    const server = createH2Server()
    server.on("stream", (stream: ServerHttp2Stream, headers) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "x-te": String(headers.te) },
        { waitForTrailers: true },
      )
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }))
      stream.pipe(stream)
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return { server, port: (server.address() as AddressInfo).port }
  }

  it("reaches an application that speaks HTTP/1.1", async () => {
    await using app = await startApp((incoming, response) =>
      response.end(`${incoming.httpVersion} ${incoming.headers.host}`),
    )
    await using stage = await startStage(serve(app.port))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    const stream = session.request({ ":path": "/", ":authority": "app.test" })
    let body = ""
    stream.on("data", (chunk) => {
      body += chunk
    })
    await new Promise((resolve) => stream.on("end", resolve))
    session.destroy()
    expect(body).toBe("1.1 app.test")
  })

  it("carries a stream both ways at once and its trailers to an application that speaks it", async () => {
    const app = await startH2App()
    await using stage = await startStage(serve(app.port, {}, "h2c"))
    const session = h2connect(`http://127.0.0.1:${stage.port}`)
    const stream = session.request({ ":method": "POST", ":path": "/", ":authority": "app.test", te: "trailers" })
    const heard: string[] = []
    let trailers: unknown
    stream.on("data", (chunk) => heard.push(String(chunk)))
    stream.on("trailers", (given) => {
      trailers = given["grpc-status"]
    })
    stream.write("one")
    await until(() => heard.join("") === "one")
    stream.write("two")
    await until(() => heard.join("") === "onetwo")
    stream.end()
    await new Promise((resolve) => stream.on("close", resolve))
    session.destroy()
    app.server.close()
    expect(trailers).toBe("0")
  })
})

describe("heads that contradict themselves", () => {
  const answerTo = async (port: number, head: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1")
    socket.write(head)
    const [chunk] = (await new Promise<[Buffer]>((resolve) =>
      socket.once("data", (data: Buffer) => resolve([data])),
    )) as [Buffer]
    socket.destroy()
    return chunk.toString().split("\r\n")[0] ?? ""
  }

  it.each([
    {
      name: "a length and chunks",
      head: "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    {
      name: "two lengths",
      head: "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
    },
    { name: "two hosts", head: "GET / HTTP/1.1\r\nhost: app.test\r\nhost: other.test\r\n\r\n" },
    { name: "no host", head: "GET / HTTP/1.1\r\n\r\n" },
    { name: "a folded header", head: "GET / HTTP/1.1\r\nhost: app.test\r\nx: a\r\n b\r\n\r\n" },
    { name: "a bad chunk", head: "POST / HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" },
    {
      name: "another coding beneath chunks",
      head: "POST / HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    },
  ])("are refused: $name", async ({ head }) => {
    await using app = await startApp((incoming, response) => {
      incoming.resume()
      incoming.on("end", () => response.end("reached"))
    })
    await using stage = await startStage(serve(app.port))
    expect(await answerTo(stage.port, head)).toMatch(/^HTTP\/1\.1 400/)
  })
})
