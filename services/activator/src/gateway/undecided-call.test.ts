import { createServer as createHttp2Server } from "node:http2"
import { type AddressInfo, createServer as createListener, type Server, type Socket } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { ask, type Stage, startApp, startStage } from "../testing/stage.ts"

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

function keep<One extends AsyncDisposable>(one: One): One {
  undo.push(async () => one[Symbol.asyncDispose]())
  return one
}

async function listening(server: Server, host = "127.0.0.1", port = 0): Promise<number> {
  const sockets = new Set<Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  undo.push(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** One that speaks nothing but HTTP/2, and tells by which a request came and what its body was. */
function http2App(): Promise<number> {
  const server = createHttp2Server((request, response) => {
    let body = ""
    request.on("data", (chunk) => {
      body += chunk
    })
    request.on("end", () => response.end(`${request.httpVersion} ${body}`))
  })
  return listening(server as unknown as Server)
}

function features(cluster: ScriptedCluster, value: string): void {
  const metadata = { name: "config-features", namespace: "knative-serving" }
  cluster.put("configmaps", { metadata, data: { "autodetect-http2": value } })
}

function stageFor(port: number, { detects = "Enabled", portName = "" } = {}): Promise<Stage> {
  return startStage((cluster) => {
    features(cluster, detects)
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", port, {}, portName)
  }).then(keep)
}

describe("with autodetect-http2", () => {
  it("a request from before the first pod goes on in HTTP/2, body and all, once the pod is found to speak it", async () => {
    const { cluster, port } = await stageFor(await http2App())
    const early = ask(port, "app.test", { method: "POST", body: "hello" })
    cluster.pod("a", "app-1", "127.0.0.1")
    expect(await early).toMatchObject({ status: 200, body: "2.0 hello" })
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "2.0 " })
  })

  it("an application of HTTP/1 is asked once, and its other pods are known by that", async () => {
    let strange = 0
    const handle = (request: { httpVersion: string }, response: { end(text: string): void }): void =>
      response.end(request.httpVersion)
    const first = keep(await startApp(handle))
    const second = keep(await startApp(handle, "127.0.0.2", first.port))
    for (const { server } of [first, second]) {
      server.on("clientError", (_error, socket) => {
        strange++
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")
      })
    }
    const { cluster, port } = await stageFor(first.port)
    cluster.pod("a", "app-1", "127.0.0.1")
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "1.1" })
    cluster.pod("b", "app-1", "127.0.0.2")
    cluster.remove("pods", "a")
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "1.1" })
    expect(strange).toBe(1)
  })

  it("one that hangs up without a word is spoken to in HTTP/1, and its next pod is asked again", async () => {
    const openings: string[] = []
    const answer = (socket: Socket): void => {
      socket.once("data", (chunk) => {
        openings.push(chunk.toString("latin1").slice(0, 3))
        if (openings.at(-1) === "PRI") socket.destroy()
        else socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
      })
    }
    const appPort = await listening(createListener(answer))
    await listening(createListener(answer), "127.0.0.2", appPort)
    const { cluster, port } = await stageFor(appPort)
    cluster.pod("a", "app-1", "127.0.0.1")
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "ok" })
    cluster.remove("pods", "a")
    cluster.pod("b", "app-1", "127.0.0.2")
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "ok" })
    expect(openings).toEqual(["PRI", "GET", "PRI", "GET"])
  })

  it("a port named http1 is not asked", async () => {
    const { cluster, port } = await stageFor(await http2App(), { portName: "http1" })
    cluster.pod("a", "app-1", "127.0.0.1")
    expect((await ask(port, "app.test")).status).not.toBe(200)
  })

  it("a client that leaves while it waits leaves nothing behind", async () => {
    const { cluster, port } = await stageFor(await http2App())
    const gone = ask(port, "app.test", { signal: AbortSignal.timeout(50) })
    await expect(gone).rejects.toThrow()
    cluster.pod("a", "app-1", "127.0.0.1")
    expect(await ask(port, "app.test")).toMatchObject({ status: 200, body: "2.0 " })
  })
})

it("applications are asked from the moment that operators switch autodetect-http2 on, those that run among them", async () => {
  const { cluster, port } = await stageFor(await http2App(), { detects: "Disabled" })
  cluster.pod("a", "app-1", "127.0.0.1")
  expect((await ask(port, "app.test")).status).not.toBe(200)
  features(cluster, "Enabled")
  const patience = AbortSignal.timeout(5000)
  let answer = await ask(port, "app.test")
  while (answer.status !== 200 && !patience.aborted) answer = await ask(port, "app.test")
  expect(answer.body).toBe("2.0 ")
})
