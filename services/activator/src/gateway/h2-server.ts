import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2"
import type { Outgoing } from "./http-call.ts"

/** Requests that one HTTP/2 connection may have open: gRPC clients put all of theirs on one. */
const streamsMax = 1000
/** A connection over which nothing has gone for so long is closed, unless a request is open there. */
const idleMsMax = 120_000

export interface H2Server {
  readonly server: Http2Server
  /** Tells every client to open no more requests here; connections close after their last. */
  drain(): void
}

export function createH2Server(
  handle: (request: Http2ServerRequest, response: Outgoing) => void,
  idleMs = idleMsMax,
): H2Server {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { maxConcurrentStreams: streamsMax } })
  server.on("request", (request, response) => handle(request, response as Outgoing))
  server.on("session", (session) => {
    sessions.add(session)
    closeWhenIdle(session, idleMs)
    session.on("close", () => sessions.delete(session))
  })
  const drain = (): void => {
    for (const session of sessions) session.close()
  }
  return { server, drain }
}

/** A stream that knows how many there are beside it, so that its end needs no closure. */
interface CountedStream extends ServerHttp2Stream {
  beside?: { open: number }
}

function streamClosed(this: CountedStream): void {
  if (this.beside !== undefined) this.beside.open--
}

function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  const streams = { open: 0 }
  session.on("stream", (stream: CountedStream) => {
    streams.open++
    stream.beside = streams
    stream.once("close", streamClosed)
  })
  session.setTimeout(idleMs)
  session.on("timeout", () => {
    // In good order it would wait for a client that has perhaps not even said what it has to say first.
    if (streams.open === 0) session.destroy()
  })
}

/** HTTP/2 headers as HTTP/1 would have them: `:authority` as Host, crumbs of a cookie joined (RFC 9113 §8.2.3). */
export function h2Headers(request: Http2ServerRequest): string[] {
  const raw = request.rawHeaders
  const headers: string[] = []
  const crumbs: string[] = []
  const { authority } = request
  if (authority) headers.push("host", authority)
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    if (name === "cookie") crumbs.push(value)
    // A Host that says something else is a second one, which no head may have.
    else if (!name.startsWith(":") && (name !== "host" || value !== authority)) headers.push(name, value)
  }
  if (crumbs.length > 0) headers.push("cookie", crumbs.join("; "))
  // HTTP/2 needs no length to frame a body; HTTP/1 will have it in chunks.
  const endsHere = request.stream.endAfterHeaders
  if (!endsHere && request.headers["content-length"] === undefined) headers.push("transfer-encoding", "chunked")
  return headers
}
