import type { IncomingMessage } from "node:http"
import { Duplex, PassThrough } from "node:stream"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import type { StreamRequest, StreamSession } from "../../runtime/runtime.ts"
import { SpdyClient, wire } from "./testing/spdy-client.ts"
import { asksForTunnel, serveTunnel } from "./tunnel.ts"

const protocol = "SPDY/3.1+portforward.k8s.io"
const forward: StreamRequest = { kind: "port-forward", sandboxId: "one", ports: [] }
const head = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" }
const headers = { ...head, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": protocol }

/** What a client writes goes in short messages of a WebSocket, masked by nothing; what comes in such is read. */
function inMessages(socket: Duplex): Duplex {
  let rest = Buffer.alloc(0)
  const inside: Duplex = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      const length = Buffer.from([0x82, 0x80 | 126, chunk.length >> 8, chunk.length & 0xff])
      socket.write(Buffer.concat([length, Buffer.alloc(4), chunk]))
      done()
    },
  })
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + (rest[1] ?? 0)) {
      const end = 2 + (rest[1] ?? 0)
      inside.push(rest.subarray(2, end))
      rest = rest.subarray(end)
    }
  })
  return inside
}

it("SPDY in a WebSocket forwards ports", async () => {
  const [ours, theirs] = wire()
  const answer = new Promise<string>((resolve) => theirs.once("data", (chunk: Buffer) => resolve(String(chunk))))
  let closed = false
  const session: StreamSession = {
    ...{ kind: "ports", ports: [], connect: async () => new PassThrough() },
    close: async () => {
      closed = true
    },
  }
  const served = { target: { kind: "session", start: async () => session }, wanted: forward, log: silentLog } as const
  const request = { method: "GET", headers } as unknown as IncomingMessage
  expect(asksForTunnel(served, request)).toBe(true)
  serveTunnel(served, request, ours, Buffer.alloc(0))
  expect(await answer).toContain(`Sec-WebSocket-Protocol: ${protocol}\r\n`)
  const client = new SpdyClient(inMessages(theirs))
  await client.open(1, { streamType: "error", port: "80", requestID: "0" })
  await client.open(3, { streamType: "data", port: "80", requestID: "0" })
  client.data(3, "to and fro", true)
  await expect.poll(() => client.said).toEqual(expect.arrayContaining(["3:to and fro", "3!", "1!"]))
  theirs.end()
  await expect.poll(() => closed).toBe(true)
})

it("a WebSocket that says nothing of SPDY, or runs a command, is none", () => {
  const session = {
    target: { kind: "session", start: () => Promise.reject(new Error("never")) },
    log: silentLog,
  } as const
  const streams = { stdin: false, stdout: true, stderr: false, tty: false }
  const exec: StreamRequest = { kind: "exec", containerId: "one", command: ["cat"], streams }
  const asking = (protocols: string) =>
    ({ headers: { "sec-websocket-protocol": protocols } }) as unknown as IncomingMessage
  expect(asksForTunnel({ ...session, wanted: exec }, asking(protocol))).toBe(false)
  expect(asksForTunnel({ ...session, wanted: forward }, asking("v4.channel.k8s.io"))).toBe(false)
})
