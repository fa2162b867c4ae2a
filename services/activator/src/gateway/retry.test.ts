import { createServer as createH2Server, connect as h2Connect, type ServerHttp2Stream } from "node:http2"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "vitest"
import { ask, startApp, startStage } from "../testing/stage.ts"

/** A stage whose revision has two pods at one port; nobody listens at the second address. */
const withDeadPod = (port: number, protocol = "http1") =>
  startStage((cluster) => {
    cluster.route("two", { "two-1": 100 })
    cluster.revision("two-1", port, {}, protocol)
    for (const [name, address] of Object.entries({ alive: "127.0.0.1", dead: "127.0.0.2" })) {
      const metadata = { name, labels: { "serving.knative.dev/revision": "two-1" } }
      const conditions = [{ type: "Ready", status: "True" }]
      cluster.put("pods", { metadata, status: { phase: "Running", podIP: address, conditions } })
    }
  })

describe("a request whose pod takes no connection", () => {
  it("is served by another pod, with its whole body, whatever its method", async () => {
    await using app = await startApp((request, response) => {
      let length = 0
      request.on("data", (chunk: Buffer) => {
        length += chunk.length
      })
      request.on("end", () => response.end(`${request.method} ${length}`))
    })
    await using stage = await withDeadPod(app.port)
    for (const length of [1, 500_000]) {
      const bodies = Array.from({ length: 10 }, () =>
        ask(stage.port, "two.test", { method: "POST", body: Buffer.alloc(length) }),
      )
      expect(new Set((await Promise.all(bodies)).map(({ body }) => body))).toEqual(new Set([`POST ${length}`]))
    }
  })

  it("is served by another pod over HTTP/2 too", async () => {
    const app = createH2Server((_request, response) => response.end("two"))
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve))
    await using stage = await withDeadPod((app.address() as AddressInfo).port, "h2c")
    for (let sent = 0; sent < 10; sent++) expect((await ask(stage.port, "two.test")).body).toBe("two")
    app.close()
  })
})

/** Serves the first request of each connection, and closes it upon the second without a word. */
async function fickle(): Promise<{ app: Awaited<ReturnType<typeof startApp>>; seen: string[] }> {
  const seen: string[] = []
  const served = new WeakSet<object>()
  const app = await startApp((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (served.has(request.socket)) request.socket.destroy()
    else {
      served.add(request.socket)
      response.end("served")
    }
  })
  return { app, seen }
}

describe("a connection that the application closes under a request", () => {
  const stageFor = (port: number) =>
    startStage((cluster) => {
      cluster.route("fickle", { "fickle-1": 100 })
      cluster.revision("fickle-1", port)
      cluster.pod("a", "fickle-1", "127.0.0.1")
    })

  it("costs a GET nothing: it is sent once more", async () => {
    const { app, seen } = await fickle()
    await using _app = app
    await using stage = await stageFor(app.port)
    for (const path of ["/1", "/2"]) {
      expect(await ask(stage.port, "fickle.test", { path })).toMatchObject({ status: 200, body: "served" })
    }
    expect(seen).toEqual(["GET /1", "GET /2", "GET /2"])
  })

  it.each([
    { name: "a POST", ask: { method: "POST", body: "x" } },
    { name: "a DELETE", ask: { method: "DELETE" } },
    { name: "a GET with a body", ask: { method: "GET", body: "x", headers: { "content-length": "1" } } },
  ])("ends $name with 502: it may have been read", async ({ ask: second }) => {
    const { app, seen } = await fickle()
    await using _app = app
    await using stage = await stageFor(app.port)
    await ask(stage.port, "fickle.test")
    expect(await ask(stage.port, "fickle.test", second)).toMatchObject({ status: 502 })
    expect(seen).toHaveLength(2)
  })

  it("ends a GET with 502 when the connection was new: the application breaks off, it does not time out", async () => {
    let seen = 0
    await using app = await startApp((request) => {
      seen++
      request.socket.destroy()
    })
    await using stage = await stageFor(app.port)
    expect(await ask(stage.port, "fickle.test")).toMatchObject({ status: 502 })
    expect(seen).toBe(1)
  })
})

describe("a stream that an HTTP/2 application refuses", () => {
  it("is served on another try, since it was not processed", async () => {
    let seen = 0
    const app = createH2Server()
    app.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {})
      if (seen++ === 0) {
        stream.close(7)
        return
      }
      stream.respond({ ":status": 200 })
      stream.end("processed")
    })
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve))
    await using stage = await startStage((cluster) => {
      cluster.route("shy", { "shy-1": 100 })
      cluster.revision("shy-1", (app.address() as AddressInfo).port, {}, "h2c")
      cluster.pod("a", "shy-1", "127.0.0.1")
    })
    const session = h2Connect(`http://127.0.0.1:${stage.port}`)
    const stream = session.request({ ":path": "/", ":authority": "shy.test" })
    let body = ""
    stream.setEncoding("utf8").on("data", (chunk) => {
      body += chunk
    })
    await new Promise((resolve) => stream.on("end", resolve))
    expect([body, seen]).toEqual(["processed", 2])
    session.close()
    app.close()
  })
})
