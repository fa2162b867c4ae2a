import type { ServerResponse } from "node:http"
import { connect as connectH2 } from "node:http2"
import { type RequestOptions, request } from "node:https"
import { connect as connectPlain } from "node:net"
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls"
import { createAuthority, issueCertificate } from "@wick/core/testing"
import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { rule, splitTo } from "../testing/scripted-cluster.ts"
import { ask, askAsService, startApp, startStage, until } from "../testing/stage.ts"

const nowMs = Date.now()
const authority = await createAuthority("test", nowMs)
const ca = authority.certificatePem

async function secretOf(name: string, ...names: string[]) {
  const subject = { commonName: name, organizations: [], use: "serving", names } as const
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, subject, nowMs)
  const base64 = (text: string): string => Buffer.from(text).toString("base64")
  const data = { "tls.crt": base64(certificatePem), "tls.key": base64(privateKeyPem) }
  return { metadata: { name }, type: "kubernetes.io/tls", data }
}

const served = { rules: [rule("app.test", { splits: [splitTo("app-1")] })] }
const secured = { ...served, tls: [{ hosts: ["app.test"], secretName: "app-tls", secretNamespace: "default" }] }
const listenSecure = [{ host: "127.0.0.1", port: 0 }]

/** The status and body of one request, on a connection of its own unless an agent is given. */
function askSecurely(
  port: number,
  more: RequestOptions & ConnectionOptions = {},
): Promise<{ status: number; body: string; socket: TLSSocket }> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, servername: "app.test", ca, agent: false as const, ...more }
    const asked = request({ ...options, headers: { host: "app.test" } }, (answer) => {
      let body = ""
      answer.on("data", (chunk) => {
        body += chunk
      })
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body, socket: answer.socket as TLSSocket }))
    })
    asked.on("error", reject)
    asked.end()
  })
}

it("serves a host by its certificate to clients of HTTP/1.1, HTTP/2 and WebSocket, and tells the application so", async () => {
  await using app = await startApp((request, response) => response.end(request.headers["x-forwarded-proto"]))
  const sockets = new WebSocketServer({ server: app.server })
  sockets.on("connection", (socket) => socket.send("hello"))
  const secret = await secretOf("app-tls", "app.test")
  await using stage = await startStage(
    (cluster) => {
      cluster.ingress("app", secured)
      cluster.put("secrets", secret)
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    },
    { listenSecure },
  )
  const port = stage.activator.secureAddresses[0]?.port ?? 0
  expect(await askSecurely(port)).toMatchObject({ status: 200, body: "https" })
  expect(await askSecurely(port, { ALPNProtocols: ["http/1.1"] })).toMatchObject({ status: 200 })
  const session = connectH2("https://app.test", { ca, createConnection: () => h2Socket(port) })
  const stream = session.request({ ":path": "/" })
  let body = ""
  for await (const chunk of stream) body += chunk
  expect(body).toBe("https")
  session.close()
  const options: ConnectionOptions = { ca, servername: "app.test" }
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, [], { ...(options as object), headers: { host: "app.test" } })
  const said = await new Promise((resolve, reject) => {
    socket.once("message", (message) => resolve(String(message)))
    socket.once("error", reject)
  })
  expect(said).toBe("hello")
  socket.terminate()
  expect(await ask(stage.port, "app.test")).toMatchObject({ status: 200, body: "http" })
})

it("waits as it drains for answers, and a second for hands that are half shaken", async () => {
  const clock = new SimulatedClock()
  const entered = Promise.withResolvers<ServerResponse>()
  await using app = await startApp((_request, response) => entered.resolve(response))
  const secret = await secretOf("app-tls", "app.test")
  await using stage = await startStage(
    (cluster) => {
      cluster.ingress("app", secured)
      cluster.put("secrets", secret)
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    },
    { listenSecure, clock },
  )
  const port = stage.activator.secureAddresses[0]?.port ?? 0
  const half = connectPlain(port, "127.0.0.1")
  const cut = new Promise((resolve) => half.once("close", resolve))
  half.on("error", () => {}).write(Buffer.from([0x16, 0x03, 0x01]))
  await new Promise((resolve) => half.once("connect", resolve))
  const asked = askSecurely(port)
  const response = await entered.promise
  const drained = stage.activator.drain({ lingerMs: 0, limitMs: 600_000 })
  await clock.advance(1_000)
  await cut
  response.end("answered")
  expect(await asked).toMatchObject({ status: 200, body: "answered" })
  await drained
})

const h2Socket = (port: number): TLSSocket =>
  connect({ host: "127.0.0.1", port, servername: "app.test", ca, ALPNProtocols: ["h2"] })

it("shakes no hands for a host without a certificate, nor by old versions of TLS, and reads no Secret that nobody wants", async () => {
  const secret = await secretOf("app-tls", "app.test")
  await using stage = await startStage(
    (cluster) => {
      cluster.ingress("app", served)
      cluster.put("secrets", secret)
    },
    { listenSecure },
  )
  const port = stage.activator.secureAddresses[0]?.port ?? 0
  await expect(askSecurely(port)).rejects.toThrow(/handshake failure/)
  expect(stage.cluster.listed).not.toContain("/api/v1/secrets")
  stage.cluster.ingress("app", secured)
  await until(() => stage.cluster.listed.has("/api/v1/secrets"))
  await expect(askSecurely(port, { servername: "other.test" })).rejects.toThrow(/handshake failure/)
  await expect(
    askSecurely(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
  ).rejects.toThrow()
})

it("sends a request without TLS to the port at which TLS is spoken, and serves it there", async () => {
  await using app = await startApp((_request, response) => response.end("secret"))
  const secret = await secretOf("app-tls", "app.test")
  await using stage = await startStage(
    (cluster) => {
      cluster.ingress("app", { ...secured, httpOption: "Redirected" })
      cluster.put("secrets", secret)
      cluster.put("configmaps", {
        metadata: { name: "config-network", namespace: "knative-serving" },
        data: { "external-https-port": "8443" },
      })
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    },
    { listenSecure },
  )
  expect(await ask(stage.port, "app.test:8080", { path: "/a?b=c" })).toMatchObject({
    status: 301,
    headers: { location: "https://app.test:8443/a?b=c" },
  })
  const port = stage.activator.secureAddresses[0]?.port ?? 0
  expect(await askSecurely(port)).toMatchObject({ status: 200, body: "secret" })
})

it("serves a certificate that was replaced to whoever comes anew, and goes on with those who are there", async () => {
  await using app = await startApp((_request, response) => response.end("ok"))
  const [first, second] = await Promise.all([secretOf("app-tls", "app.test"), secretOf("app-tls", "app.test")])
  await using stage = await startStage(
    (cluster) => {
      cluster.ingress("app", secured)
      cluster.put("secrets", first)
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    },
    { listenSecure },
  )
  const port = stage.activator.secureAddresses[0]?.port ?? 0
  const session = connectH2("https://app.test", { ca, createConnection: () => h2Socket(port) })
  const askOnSession = async (): Promise<number> => {
    const stream = session.request({ ":path": "/" })
    const status = new Promise<number>((resolve) => stream.once("response", (head) => resolve(head[":status"] ?? 0)))
    stream.resume()
    return status
  }
  expect(await askOnSession()).toBe(200)
  const serial = async () => {
    const { socket } = await askSecurely(port)
    return socket.getPeerCertificate().serialNumber ?? ""
  }
  const before = await serial()
  stage.cluster.put("secrets", second)
  let now = before
  while (now === before) now = await serial()
  expect(await askOnSession()).toBe(200)
  session.close()
})

it("says that an Ingress is routed only when its certificate is at hand", async () => {
  const [good, bad] = [await secretOf("app-tls", "app.test"), { "tls.crt": "eA==", "tls.key": "eA==" }]
  await using stage = await startStage((cluster) => {
    cluster.ingress("app", { ...secured, rules: [] }, { generation: 1, uid: "u" })
    cluster.put("secrets", { ...good, data: bad })
  })
  const admin = stage.activator.adminAddress.port
  let isTold = false
  const routed = askAsService(admin, "/routed/default/app?generation=1&uid=u").then((answer) => {
    isTold = true
    return answer
  })
  // Answered in order: whatever the first one waits for has not come when this is answered.
  expect(await ask(admin, "x", { path: "/healthz" })).toMatchObject({ status: 200 })
  expect(isTold).toBe(false)
  stage.cluster.put("secrets", good)
  expect(await routed).toMatchObject({ status: 200, body: "routed\n" })
})
