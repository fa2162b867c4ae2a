import { once } from "node:events"
import type { Server as HttpServer } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { createServer as createSecureServer, type TLSSocket } from "node:tls"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Limits, type ServerStream, serveConnection } from "#http2"
import type { Credential } from "#pki"
import { unreadSizeMax } from "../limits.ts"

const limits: Partial<Limits> = {
  /** Clients open one for each call that waits. */
  streamsMax: 100_000,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 1024 * 1024,
  streamUnreadBytesMin: unreadSizeMax + 1,
}

interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly serving: Credential; readonly authorityPem: string } | undefined
  /** Gets the connections whose clients do not speak HTTP/2; over TLS only, where clients say so. */
  readonly http1: HttpServer
  /** A connection of HTTP/2: what answers its streams. */
  readonly accept: (socket: Socket) => (stream: ServerStream) => void
  readonly clock: Clock
  readonly log: Log
}

export interface Listener {
  readonly port: number
  /** Ends all connections. */
  close(): Promise<void>
}

/** Listens for connections, and speaks HTTP/2 over them. */
export async function listen({ host, port, tls, http1, accept, clock, log }: ListenOptions): Promise<Listener> {
  const sockets = new Set<Socket>()
  const open = (socket: Socket): void => {
    serveConnection(socket, {
      clock,
      limits,
      onStream: accept(socket),
      onStalled: (unread) => log.info("a client of etcd's API that does not read was cut off", { unread }),
      onClose: (fault) => fault && log.debug("a connection of etcd's API was ended", { error: fault.message }),
    })
  }
  const server = tls === undefined ? createServer({ noDelay: true }, open) : secure(tls, open, http1)
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  server.listen(port, host)
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close")
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function secure(
  { serving, authorityPem }: NonNullable<ListenOptions["tls"]>,
  open: (socket: Socket) => void,
  http1: HttpServer,
): Server {
  const options = {
    cert: serving.certificatePem,
    key: serving.privateKeyPem,
    ca: authorityPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    noDelay: true,
    ALPNProtocols: ["h2", "http/1.1"],
  } as const
  return createSecureServer(options, (socket: TLSSocket) => {
    if (socket.alpnProtocol === "h2") open(socket)
    else http1.emit("connection", socket)
  })
}
