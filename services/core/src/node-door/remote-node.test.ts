import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { Node } from "@wick/sdk/api/core/node"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { createClient } from "@wick/sdk/client"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { identities, type NodeConnection, type NodeProxy, remoteNodes } from "#apiserver"
import { startSecureTestApi } from "../apiserver/testing/start-secure.ts"
import { openNodeDoor } from "./index.ts"

const undo = new AsyncDisposableStack()
let nodes: NodeProxy
/** Hands connections that are upgraded to the node `one`. */
let port: number

const kubelet: NodeConnection = {
  fetch: async ({ url }) => {
    const { pathname, search } = new URL(url)
    if (pathname === "/none") return Response.json({ kind: "Status", message: "not here" }, { status: 404 })
    return new Response(`log of ${pathname}${search}`)
  },
  upgrade: ({ url, headers }, socket, head) => {
    if (url === "/refused") return void socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno")
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n")
    socket.write(`${url} ${headers.authorization} ${headers["x-stream"]}\n`)
    if (head.length > 0) socket.unshift(head)
    socket.pipe(socket)
  },
}

beforeAll(async () => {
  const api = undo.use(await startSecureTestApi())
  const client = createClient({ fetch: api.fetch })
  const asNode = createClient({ fetch: api.server.fetchAs(identities.node("one")) })
  const { pki } = api
  const door = undo.use(await openNodeDoor({ host: "127.0.0.1", nodeName: "one", pki, client: asNode, log: silentLog }))
  door.open(kubelet)
  const status = (at: number) => ({
    addresses: [{ type: "InternalIP" as const, address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: at } },
  })
  await client.create(Node, { metadata: { name: "one" }, status: status(door.port) })
  await client.create(Node, { metadata: { name: "dead" }, status: status(1) })
  await client.create(Node, { metadata: { name: "new" } })
  nodes = await remoteNodes({ pki, client })
  const server = createServer().on("upgrade", (request, socket, head) => nodes("one")?.upgrade(request, socket, head))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  port = (server.address() as AddressInfo).port
  undo.defer(() => void server.close())
})
afterAll(() => undo.disposeAsync())

const ask = (node: string, path: string): Promise<Response> =>
  (nodes(node) as NodeConnection).fetch(new Request(`http://kubelet${path}`))

async function talk(path: string, until: string): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  const headers = "connection: Upgrade\r\nupgrade: echo\r\nauthorization: Bearer secret\r\nx-stream: 1"
  socket.write(`POST ${path} HTTP/1.1\r\nhost: api\r\n${headers}\r\n\r\n`)
  let text = ""
  let pinged = false
  for await (const chunk of socket) {
    text += String(chunk)
    if (text.includes(until)) break
    if (pinged || !text.includes(" 1\n")) continue
    pinged = true
    socket.write("ping\n")
  }
  socket.destroy()
  return text
}

describe("the kubelet of another host", () => {
  it("is asked at its door, and says no in its own words", async () => {
    expect(await (await ask("one", "/containerLogs/a/b/c?tailLines=1")).text()).toBe(
      "log of /containerLogs/a/b/c?tailLines=1",
    )
    const none = await ask("one", "/none")
    expect([none.status, await none.json()]).toMatchObject([404, { message: "not here" }])
  })

  it("is joined with a client that asks for another protocol, and is not shown who that is", async () => {
    const text = await talk("/exec/a/b/c?command=sh", "ping\n")
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
    expect(text).toContain("/exec/a/b/c?command=sh undefined 1\n")
    expect(await talk("/refused", "\r\n\r\nno")).toMatch(/^HTTP\/1\.1 400 /)
  })

  it("that cannot be asked is said so: dead, not there, or not yet known", async () => {
    for (const node of ["dead", "nowhere", "new"]) {
      const error = await ask(node, "/healthz").catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StatusError)
      expect(error).toMatchObject({ code: 503, message: expect.stringContaining(`node ${node} cannot be reached`) })
    }
  })
})
