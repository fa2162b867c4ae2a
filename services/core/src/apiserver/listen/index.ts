/**
 * The rim between the network and the API server's `fetch`: TLS with client certificates, HTTP/2 and HTTP/1.1 on one
 * port, bodies streamed both ways, upgrades handed over. A client that goes away aborts its request's signal; a client
 * that reads slowly holds back its own response stream and nothing else. Imported by the compositions of core.
 */
import type { IncomingMessage } from "node:http"
import type { AddressInfo, Server, Socket } from "node:net"
import type { Duplex } from "node:stream"
import { createServer, type TLSSocket } from "node:tls"
import { systemClock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Connection, serveConnection } from "#http2"
import type { Credential } from "#pki"
import { AnswerHeads } from "./answer-head.ts"
import { BodyReader } from "./body-limit.ts"
import { Exchange, type ExchangeHost } from "./exchange.ts"
import { serveHttp1 } from "./http1.ts"
import { type Limits, usualLimits } from "./limits.ts"
import { cutOff, outletStalls } from "./outlet.ts"
import { type Peer, peerOf, rememberPeer } from "./peer.ts"

export type { Peer, PeerCertificate } from "./peer.ts"

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly serving: Credential
  /** Authority whose client certificates are believed. */
  readonly authorityPem: string
  readonly fetch: (request: Request, peer: Peer) => Promise<Response>
  /** Takes an upgraded connection (exec, port-forward) over; only HTTP/1.1 has these. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer) => void
  readonly log: Log
  /** Other limits than the usual ones. */
  readonly limits?: Partial<Limits>
}

export interface Listener {
  readonly port: number
  /** Serves new connections with another certificate. */
  renew(serving: Credential): void
  /** Takes no more connections, lets requests end for `graceMs`, then cuts what is left (watches never end). */
  close(graceMs: number): Promise<void>
}

/**
 * Bytes that one HTTP/2 connection may hold, answers that wait to be read among them: a client that lists all its kinds at
 * once has them all here for a moment. What goes over it has its streams closed (ENHANCE_YOUR_CALM).
 */
const connectionBytesMax = 256 * 1024 * 1024

export async function listen(options: ListenOptions): Promise<Listener> {
  const { serving, authorityPem, log } = options
  const limits = { ...usualLimits, ...options.limits }
  const bodies = new BodyReader(limits)
  const http1 = serveHttp1(options, limits, bodies, outletStalls(limits.stalledMsMax, log))
  const host = { fetch: options.fetch, limits, bodies, heads: new AnswerHeads(systemClock), log }
  const connections = new Set<Connection>()
  const server = createServer({
    cert: serving.certificatePem,
    key: serving.privateKeyPem,
    ca: authorityPem,
    requestCert: true,
    // A bad certificate is answered with 401 and a Status, not with a broken connection: the authenticator decides.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.headersMsMax,
    ALPNProtocols: ["h2", "http/1.1"],
  })
  server.maxConnections = limits.connectionsMax
  server.on("drop", () =>
    log.warn("a connection was closed at once: there are too many", { max: limits.connectionsMax }),
  )
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.setNoDelay(true))
    socket.once("close", () => sockets.delete(socket))
  })
  server.on("secureConnection", (socket: TLSSocket) => {
    rememberPeer(socket)
    if (socket.alpnProtocol === "h2") serveHttp2(socket, host, connections)
    else http1.emit("connection", socket)
  })
  server.on("tlsClientError", (error: Error) => log.debug("TLS handshake failed", { error: error.message }))
  await bind(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    renew: (credential) =>
      server.setSecureContext({ cert: credential.certificatePem, key: credential.privateKeyPem, ca: authorityPem }),
    close: async (graceMs) => {
      http1.close()
      for (const connection of connections) connection.goAway()
      await close(server, sockets, graceMs)
    },
  }
}

function serveHttp2(socket: TLSSocket, host: ExchangeHost, connections: Set<Connection>): void {
  const { limits, log } = host
  if (socket.destroyed) return
  const peer = peerOf(socket)
  const connection = serveConnection(socket, {
    clock: systemClock,
    limits: {
      streamsMax: limits.streamsPerConnectionMax,
      headerListBytesMax: limits.headerBytesMax,
      unreadBytesMax: connectionBytesMax,
      stalledMsMax: limits.stalledMsMax,
      idleMsMax: limits.idleMsMax,
      openingMsMax: Math.min(limits.headersMsMax, limits.idleMsMax),
    },
    onStream: (stream) => new Exchange(host, stream, peer).begin(),
    onOversizedHead: (stream) => new Exchange(host, stream, peer).refuse("large header"),
    onStalled: (unread) => log.info(cutOff, { unread }),
    onClose: (fault) => {
      connections.delete(connection)
      if (fault) log.debug("an HTTP/2 connection failed", { error: fault.message })
    },
  })
  connections.add(connection)
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

async function close(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, graceMs)
  await closed
  clearTimeout(cut)
}
