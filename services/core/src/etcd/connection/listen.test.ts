import { once } from "node:events"
import { createServer } from "node:http"
import { connect } from "node:http2"
import { createConnection } from "node:net"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type Listener, listen } from "./listen.ts"

let listener: Listener
/** What the server was asked. */
let asked: { path: string; authority: string }[]

beforeEach(async () => {
  asked = []
  listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    http1: createServer(),
    accept: () => (stream) => {
      asked.push({ path: stream.path, authority: stream.authority })
      stream.respond([":status", "200"], true)
    },
    clock: systemClock,
    log: silentLog,
  })
})
afterEach(() => listener.close())

it("takes a URL for an authority, which is what etcdctl writes there up to 3.4, and others' names of hosts beside it", async () => {
  const socket = createConnection(listener.port, "127.0.0.1")
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
  const settings = Buffer.from("000000040000000000", "hex")
  // POST http / with `:authority: http://x`, plain.
  const call = Buffer.concat([Buffer.from("00000d010500000001838684410868747470", "hex"), Buffer.from("://x")])
  socket.write(Buffer.concat([preface, settings, call]))
  await once(socket, "data")
  const session = connect(`http://127.0.0.1:${listener.port}`)
  const stream = session.request({ ":path": "/other" })
  const [{ ":status": status }] = (await once(stream, "response")) as [{ ":status": number }]
  expect(status).toBe(200)
  expect(asked).toEqual([
    { path: "/", authority: "http://x" },
    { path: "/other", authority: `127.0.0.1:${listener.port}` },
  ])
  session.close()
  socket.destroy()
})

it("hangs up on who speaks HTTP/1.1 without TLS, after a word of why", async () => {
  const socket = createConnection(listener.port, "127.0.0.1")
  socket.end("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
  let said = ""
  for await (const chunk of socket) said += chunk
  expect(said).toContain("preface")
  expect(asked).toEqual([])
})
