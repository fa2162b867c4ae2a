import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { createWebSocketStream, WebSocketServer } from "ws"
import { type SpdySession, serveSpdyStreams } from "./session.ts"

/** What clients say that bring SPDY's bytes in messages of a WebSocket: port-forwards of client-go do, for proxies know no SPDY. */
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io"
const messageBytesMax = 16 * 1024 * 1024
const offered = "sec-websocket-protocol"

const server = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax }).on("headers", (lines) =>
  lines.push(`Sec-WebSocket-Protocol: ${tunnelProtocol}`),
)

/** Whether it wants to forward ports so. */
export function asksForTunnel({ wanted }: SpdySession, request: IncomingMessage): boolean {
  const protocols = (request.headers[offered] ?? "").split(/, */)
  return wanted.kind === "port-forward" && protocols.includes(tunnelProtocol)
}

/** Speaks SPDY with it in there, as with others on the bare connection. */
export function serveTunnel(session: SpdySession, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  server.handleUpgrade(withoutProtocols(request), socket, head, (client) => {
    const stream = createWebSocketStream(client)
    stream.on("error", () => client.terminate())
    serveSpdyStreams(session, stream, Buffer.alloc(0))
  })
}

/** A slash is no letter of a WebSocket protocol's name, so the server's own reading of that header would refuse it. */
function withoutProtocols(request: IncomingMessage): IncomingMessage {
  const { [offered]: _, ...headers } = request.headers
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage
}
