import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { connect } from "node:tls"
import { Pod } from "@wick/sdk/api/core/pod"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"

const undo = new AsyncDisposableStack()
const seen: string[] = []
let api: SecureTestApi
let port: number

beforeAll(async () => {
  api = undo.use(await startSecureTestApi())
  const server = createServer((request, response) => {
    seen.push(request.url ?? "")
    response.writeHead(426, { "x-why": "not here" }).end("no")
  })
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    seen.push(request.url ?? "")
    if (request.url !== "/talk") return void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`)
    socket.write(`hello ${request.headers.authorization}\n`)
    socket.pipe(socket)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  port = (server.address() as AddressInfo).port
  undo.defer(() => void server.close())
  const client = createClient({ fetch: api.fetch })
  const at = { name: "web", namespace: "default" }
  await client.create(ServiceAccount, { metadata: { name: "default", namespace: "default" } })
  await client.create(Pod, { metadata: at, spec: { containers: [{ name: "app", image: "a:1" }] } })
  const body = { status: { podIP: "127.0.0.1" } }
  await client.patch(Pod, at, { type: "merge", body }, { subresource: "status" })
})
afterAll(() => undo.disposeAsync())

/** All that comes back to one who asks for another protocol and goes on speaking at once, until `end` or the end. */
async function answerTo(path: string, more: string, end?: string): Promise<string> {
  const { certificatePem: cert, privateKeyPem: key } = api.pki.admin
  const to = { host: "127.0.0.1", port: Number(new URL(api.url).port), cert, key, ca: api.pki.authorityPem }
  const socket = connect({ ...to, ALPNProtocols: ["http/1.1"] })
  const url = `/api/v1/namespaces/default/pods/web:${port}/proxy${path}`
  socket.write(`GET ${url} HTTP/1.1\r\nhost: api\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n${more}`)
  let text = ""
  for await (const chunk of socket) {
    text += String(chunk)
    if (end !== undefined && text.includes(end)) break
  }
  socket.destroy()
  return text
}

describe("another protocol, asked of a pod through the proxy", () => {
  it("is spoken both ways once the pod agrees", async () => {
    const text = await answerTo("/talk", "ping\n", "ping\n")
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
    expect(text).toMatch(/hello undefined\nping\n$/)
  })

  it("leaves no way to the pod open when it refuses: what the client says next reaches nobody", async () => {
    const text = await answerTo("/elsewhere", "GET /behind HTTP/1.1\r\nhost: pod\r\n\r\n")
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(text).toMatch(/\r\n\r\nno$/)
    expect(seen).not.toContain("/behind")
  })
})
