import { once } from "node:events"
import type { Server as HttpServer } from "node:http"
import { performServerHandshake, type ServerHttp2Session } from "node:http2"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { createServer as createSecureServer, type TLSSocket } from "node:tls"
import type { Credential } from "#pki"
import { openConnection } from "./open-connection.ts"

/** Streams of one connection: clients open one for each call that waits. */
const streamsMax = 100_000
/** Bytes that a client may send before they are taken, of a stream and of a connection. */
const windowSize = 1024 * 1024

interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly serving: Credential; readonly authorityPem: string } | undefined
  /** Gets the connections whose clients do not speak HTTP/2; over TLS only, where clients say so. */
  readonly http1: HttpServer
  /** A connection of HTTP/2, before any of its streams. */
  readonly accept: (session: ServerHttp2Session, socket: Socket) => void
}

export interface Listener {
  readonly port: number
  /** Ends all connections. */
  close(): Promise<void>
}

/** Listens for connections, and makes sessions of HTTP/2 of them. */
export async function listen({ host, port, tls, http1, accept }: ListenOptions): Promise<Listener> {
  const sockets = new Set<Socket>()
  const open = (socket: Socket): void => {
    openConnection(socket, (connection) => {
      const settings = { maxConcurrentStreams: streamsMax, initialWindowSize: windowSize }
      const session = performServerHandshake(connection, { settings })
      session.on("error", () => {}) // a client that is gone; its streams hear of it
      session.setLocalWindowSize(windowSize)
      accept(session, socket)
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
