/**
 * The rim between the network and the API server's `fetch`: TLS with client certificates, HTTP/2 and HTTP/1.1 on one
 * port, bodies streamed both ways, upgrades handed over. A client that goes away aborts its request's signal; a client
 * that reads slowly holds back its own response stream and nothing else. Imported by the compositions of core.
 */
import type { IncomingMessage } from "node:http"
import { createSecureServer, type Http2SecureServer } from "node:http2"
import type { AddressInfo, Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { getRequestListener } from "@hono/node-server"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import type { Credential } from "#pki"
import { type Push, pushOf } from "../push-response.ts"
import { BodyReader, hasBody, type Incoming } from "./body-limit.ts"
import { closeWhenIdle, countRequest } from "./idle-session.ts"
import { type Limits, usualLimits } from "./limits.ts"
import { mindRest, openOutlet, Stalls } from "./outlet.ts"
import { type Peer, peerOf, rememberPeer } from "./peer.ts"
import { type Outgoing, refuse } from "./refusal.ts"

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
 * MB that one HTTP/2 connection may hold, answers that wait to be read among them: a client that lists all its kinds at
 * once has them all here for a moment. What goes over it has its streams closed (ENHANCE_YOUR_CALM).
 */
const sessionMegabytesMax = 256

export async function listen(options: ListenOptions): Promise<Listener> {
  const { serving, authorityPem, log } = options
  const limits = { ...usualLimits, ...options.limits }
  const http1Options = {
    headersTimeout: limits.headersMsMax,
    keepAliveTimeout: limits.idleMsMax,
    connectionsCheckingInterval: limits.lateEveryMs,
    maxHeaderSize: limits.headerBytesMax,
  }
  const server = createSecureServer({
    allowHTTP1: true,
    cert: serving.certificatePem,
    key: serving.privateKeyPem,
    ca: authorityPem,
    requestCert: true,
    // A bad certificate is answered with 401 and a Status, not with a broken connection: the authenticator decides.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.headersMsMax,
    http1Options,
    maxSessionMemory: sessionMegabytesMax,
    settings: { maxConcurrentStreams: limits.streamsPerConnectionMax, maxHeaderListSize: limits.headerBytesMax },
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
  server.on("secureConnection", (socket: TLSSocket) => rememberPeer(socket))
  server.on("tlsClientError", (error: Error) => log.debug("TLS handshake failed", { error: error.message }))
  server.on("session", (session) => closeWhenIdle(session, limits.idleMsMax))
  server.on("sessionError", (error: Error) => log.debug("HTTP/2 session failed", { error: error.message }))
  server.on("request", requestListener(options, limits))
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener a client that goes away mid-upgrade would end the process.
    socket.on("error", (error) => log.debug("upgraded connection failed", { error: error.message }))
    options.upgrade(request, socket, head, peerOf(socket))
  })
  await bind(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    renew: (credential) =>
      server.setSecureContext({ cert: credential.certificatePem, key: credential.privateKeyPem, ca: authorityPem }),
    close: (graceMs) => close(server, sockets, graceMs),
  }
}

type Handler = ReturnType<typeof getRequestListener>

function requestListener({ fetch, log }: ListenOptions, limits: Limits): Handler {
  const bodies = new BodyReader(limits)
  const stalls = new Stalls(limits.stalledMsMax, log)
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const response = await fetch(request, peerOf(incoming.socket as object | undefined))
      const push = pushOf(response)
      return push ? pushTo(push, response, outgoing, stalls) : response
    },
    { errorHandler: (error) => answerTo(error, log) },
  )
  const answer = async (incoming: Incoming, outgoing: Outgoing): Promise<void> => {
    await listener(incoming, outgoing)
    mindRest(outgoing, stalls)
  }
  return async (incoming, outgoing) => {
    countRequest(incoming)
    if (isLargeHeader(incoming, limits)) return refuse("large header", limits, incoming, outgoing)
    if (!hasBody(incoming)) return answer(incoming, outgoing)
    const read = await bodies.read(incoming)
    if (read.kind === "whole") return answer(Object.assign(incoming, { rawBody: read.bytes }), outgoing)
    if (read.kind !== "broken off") return refuse(read.kind, limits, incoming, outgoing)
  }
}

/** Of HTTP/1.1 Node refuses these itself; of HTTP/2 it tells its limit, and nobody need keep to that. */
function isLargeHeader({ httpVersionMajor, rawHeaders }: Incoming, { headerBytesMax }: Limits): boolean {
  if (httpVersionMajor === 1) return false
  let bytes = 0
  for (const text of rawHeaders) bytes += text.length
  return bytes > headerBytesMax
}

/** A body that is pushed goes straight to its connection; the listener has nothing left to send. */
function pushTo(push: Push, response: Response, outgoing: Parameters<Handler>[1], stalls: Stalls): Response {
  const stop = push(openOutlet(response, outgoing, stalls))
  if (outgoing.destroyed || outgoing.closed) stop()
  else outgoing.once("close", stop)
  return RESPONSE_ALREADY_SENT
}

/** `fetch` answers mistakes itself; what arrives here is a request that is none, or a bug. */
function answerTo(error: unknown, log: Log): Response {
  const malformed = error instanceof Error && error.name === "RequestError"
  if (!malformed) log.error("request failed", { error })
  const status = malformed
    ? new StatusError("BadRequest", error.message)
    : new StatusError("InternalError", "an error on the server has prevented the request from succeeding")
  return Response.json(status.toStatus(), { status: status.code })
}

function bind(server: Http2SecureServer, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

async function close(server: Http2SecureServer, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, graceMs)
  await closed
  clearTimeout(cut)
}
