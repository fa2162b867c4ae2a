import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { createClient } from "./create-client.ts"
import { forwardPort } from "./port-forward.ts"
import { attach, exec, exitOf, run } from "./session.ts"
import { webSocketsOf } from "./web-socket.ts"

/** What the other end does with a connection; the path says what was asked for. */
let answer: (socket: WebSocket, path: string) => void
let known: string[]
let server: Server
let authorization: string | undefined

beforeAll(async () => {
  server = createServer((_, response) => response.writeHead(400).end("no upgrade"))
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => known.find((protocol) => offered.has(protocol)) ?? false,
  })
  server.on("upgrade", (request, socket, head) => {
    const path = request.url ?? ""
    authorization = request.headers.authorization
    if (path.includes("/gone/")) {
      const body = JSON.stringify({ kind: "Status", reason: "NotFound", code: 404, message: 'pods "gone" not found' })
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    } else sockets.handleUpgrade(request, socket, head, (accepted) => answer(accepted, path))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function client() {
  const { port } = server.address() as AddressInfo
  return createClient({
    fetch: () => Promise.reject(new Error("no request is made")),
    openWebSocket: webSocketsOf({}, () => "secret"),
    baseUrl: `http://127.0.0.1:${port}`,
  })
}

const box = { name: "box", namespace: "default" }
const frame = (channel: number, text: string): Buffer => Buffer.from(`${String.fromCharCode(channel)}${text}`)
const exited = (code: number): Buffer => {
  const causes = [{ reason: "ExitCode", message: String(code) }]
  const failed = { status: "Failure", reason: "NonZeroExitCode", details: { causes } }
  return frame(3, JSON.stringify(code === 0 ? { status: "Success" } : failed))
}

describe("a session", () => {
  it("runs a command to its end: what it reads, prints and exits with", async () => {
    known = ["v5.channel.k8s.io"]
    let asked = ""
    answer = (socket, path) => {
      asked = path
      let input = ""
      socket.on("message", (data: Buffer) => {
        if (data[0] === 0) input += data.subarray(1).toString()
        if (data[0] !== 255 || data[1] !== 0) return
        socket.send(frame(1, input.toUpperCase()))
        socket.send(frame(2, "done"))
        socket.send(exited(3))
        socket.close()
      })
    }
    const ran = await run(client(), box, { command: ["tr", "a b"], container: "main", input: "hello" })
    expect(ran).toEqual({ code: 3, stdout: "HELLO", stderr: "done" })
    const { pathname, searchParams } = new URL(asked, "http://x")
    expect(pathname).toBe("/api/v1/namespaces/default/pods/box/exec")
    expect(searchParams.getAll("command")).toEqual(["tr", "a b"])
    expect(searchParams.get("container")).toBe("main")
    expect(authorization).toBe("Bearer secret")
  })

  it("has one stream with a terminal, whose size may change", async () => {
    known = ["v4.channel.k8s.io"]
    answer = (socket, path) => {
      expect(new URL(path, "http://x").searchParams.get("stderr")).toBe("false")
      socket.on("message", (data: Buffer) => {
        socket.send(frame(1, `${data[0]} ${data.subarray(1)}`))
        socket.send(exited(0))
        socket.close()
      })
    }
    const session = await attach(client(), box, { tty: true, stdin: true })
    session.resize(80, 24)
    expect(await new Response(session.stdout).text()).toBe('4 {"Width":80,"Height":24}')
    expect(await session.exit).toBe(0)
  })

  it("is refused in the server's words", async () => {
    const call = exec(client(), { name: "gone", namespace: "default" }, { command: ["true"] })
    await expect(call).rejects.toMatchObject({ reason: "NotFound", message: 'pods "gone" not found' })
  })

  it("makes the server wait when nobody reads", async () => {
    known = ["v5.channel.k8s.io"]
    const chunk = Buffer.concat([Buffer.from([1]), Buffer.alloc(64 * 1024)])
    const chunks = 256
    let held = 0
    answer = (socket) => {
      for (let at = 0; at < chunks; at++) socket.send(chunk)
      held = socket.bufferedAmount
      socket.send(exited(0))
      socket.close()
    }
    const session = await exec(client(), box, { command: ["cat", "/dev/zero"] })
    expect(held).toBeGreaterThan(0)
    expect((await new Response(session.stdout).arrayBuffer()).byteLength).toBe(chunks * 64 * 1024)
    expect(await session.exit).toBe(0)
  })

  it("that is cut off has no exit code", async () => {
    known = ["v5.channel.k8s.io"]
    answer = (socket) => socket.terminate()
    const session = await exec(client(), box, { command: ["true"] })
    await expect(session.exit).rejects.toThrow("the connection to the container was lost")
  })

  it("ends when its signal says so", async () => {
    known = ["v5.channel.k8s.io"]
    answer = () => {}
    const stop = new AbortController()
    const session = await exec(client(), box, { command: ["sleep", "inf"], signal: stop.signal })
    stop.abort()
    await expect(session.exit).rejects.toThrow("lost")
  })

  it("knows why a command could not be run", () => {
    const missing = { status: "Failure" as const, reason: "InternalError" as const, message: "no such file", code: 500 }
    expect(exitOf(missing)).toMatchObject({ reason: "InternalError", message: "no such file" })
  })
})

describe("a forwarded port", () => {
  it("carries bytes both ways, after the port was said on both channels", async () => {
    known = ["v4.channel.k8s.io"]
    answer = (socket) => {
      for (const channel of [0, 1]) socket.send(Buffer.from([channel, 0x90, 0x1f]))
      socket.on("message", (data: Buffer) => {
        socket.send(frame(0, `echo ${data.subarray(1)}`))
        socket.close()
      })
    }
    const { readable, writable } = await forwardPort(client(), box, 8080)
    await writable.getWriter().write(Buffer.from("hi"))
    expect(await new Response(readable).text()).toBe("echo hi")
  })

  it("says what went wrong at the other end", async () => {
    answer = (socket) => {
      for (const channel of [0, 1]) socket.send(Buffer.from([channel, 0x90, 0x1f]))
      socket.send(frame(1, "connection refused"))
    }
    const { readable } = await forwardPort(client(), box, 8080)
    await expect(new Response(readable).text()).rejects.toThrow("port 8080: connection refused")
  })
})

it("a client that was not given sockets says so", async () => {
  const bare = createClient({ fetch: () => Promise.reject(new Error("no request")) })
  await expect(exec(bare, box, { command: ["true"] })).rejects.toThrow("openWebSocket")
})
