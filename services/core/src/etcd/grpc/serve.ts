import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2"
import type { TLSSocket } from "node:tls"
import type { Log } from "@wick/sdk/log"
import { FrameReader, frame, frameHead, GrpcError, WireError } from "#etcd-wire"
import { code, toEtcdError } from "../etcd-error.ts"
import type { Pages } from "../http/pages.ts"
import { answerPage } from "../http/serve.ts"
import { messageSizeMax, unreadSizeMax } from "../limits.ts"
import type { Incoming, Methods, Outgoing, StreamMethod, UnaryMethod } from "../service.ts"

/** What is known of whoever is at the other end of a connection; a string is why it may not come in. */
type Peer = { readonly commonName: string | undefined } | string
export type Admit = (socket: TLSSocket) => Peer

const unimplemented = 12
/** Bytes of answers that are written without waiting for more. */
const writeSizeMin = 64 * 1024

/** Answers the gRPC calls of a connection, and hands what is none to the pages. */
export class GrpcServer {
  readonly #methods: Methods
  readonly #pages: Pages
  readonly #log: Log

  constructor(methods: Methods, pages: Pages, log: Log) {
    this.#methods = methods
    this.#pages = pages
    this.#log = log
  }

  serve(session: ServerHttp2Session, peer: Peer): void {
    session.on("stream", (stream, headers) => this.#answer(stream, headers, peer))
  }

  #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, peer: Peer): void {
    // A stream that is reset ends with an error of its own, after which nobody is there to be told anything.
    stream.on("error", () => {})
    const log = this.#log
    const path = headers[":path"] ?? "/"
    const method = this.#methods[path.slice(1)]
    const isGrpc = headers["content-type"]?.startsWith("application/grpc") === true
    if (typeof peer === "string") fail(stream, new GrpcError(code.permissionDenied, peer), log)
    else if (method !== undefined) {
      const caller = { token: tokenOf(headers), commonName: peer.commonName }
      if (method.kind === "unary") answerOne(stream, method, caller, log)
      else new GrpcStream(stream, method, caller, log)
    } else if (isGrpc) fail(stream, new GrpcError(unimplemented, `unknown method ${path}`), log)
    else answerPage(stream, this.#pages, headers[":method"] ?? "", path, log)
  }
}

/** Clients of etcd name the token in either header. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const token = headers.token ?? headers.authorization
  return typeof token === "string" ? token : undefined
}

type Caller = Parameters<UnaryMethod["answer"]>[1]

function answerOne(stream: ServerHttp2Stream, method: UnaryMethod, caller: Caller, log: Log): void {
  const reader = new FrameReader(messageSizeMax)
  let request: Buffer | undefined
  let failed = false
  stream.on("data", (chunk: Buffer) => {
    if (failed) return
    try {
      for (const message of reader.push(chunk)) request = message
    } catch (error) {
      failed = true
      fail(stream, error, log)
    }
  })
  stream.on("end", async () => {
    if (failed) return
    try {
      if (request === undefined) throw new GrpcError(code.internal, "the request has no message")
      const gone = (listener: () => void): void => void stream.once("close", listener)
      const answer = await method.answer(method.request.decode(request), caller, gone)
      if (stream.destroyed) return
      stream.respond(head(), { waitForTrailers: true })
      stream.once("wantTrailers", () => stream.sendTrailers(ok))
      stream.end(frame(method.response.encode(answer)))
    } catch (error) {
      fail(stream, error, log)
    }
  })
}

const ok = { "grpc-status": "0" }

function head(): Record<string, string | number> {
  return { ":status": 200, "content-type": "application/grpc" }
}

/** A stream of answers as the services see it. */
class GrpcStream implements Outgoing {
  readonly #stream: ServerHttp2Stream
  readonly #method: StreamMethod
  readonly #log: Log
  readonly #incoming: Incoming
  #pending: Buffer[] = []
  #pendingSize = 0
  #flushing = false
  #finished = false

  constructor(stream: ServerHttp2Stream, method: StreamMethod, caller: Caller, log: Log) {
    this.#stream = stream
    this.#method = method
    this.#log = log
    this.#incoming = method.open(this, caller)
    const reader = new FrameReader(messageSizeMax)
    stream.on("data", (chunk: Buffer) => this.#received(() => reader.push(chunk)))
    stream.on("end", () => this.#incoming.ended())
    stream.on("drain", () => {
      stream.resume()
      this.#incoming.drained()
    })
    stream.on("close", () => {
      this.#finished = true
      this.#incoming.closed()
    })
    stream.respond(head(), { waitForTrailers: true })
    stream.once("wantTrailers", () => stream.sendTrailers(this.#trailers))
  }

  #trailers: Record<string, string> = ok

  send(answer: object): boolean {
    return this.sendEncoded([this.#method.response.encode(answer)])
  }

  /** What is said in one turn is written at once: a write costs more than what is in it. */
  sendEncoded(pieces: readonly Buffer[]): boolean {
    if (this.#finished || this.#stream.destroyed) return true
    let size = 0
    for (const piece of pieces) size += piece.length
    this.#pending.push(frameHead(size), ...pieces)
    this.#pendingSize += size
    if (this.#pendingSize >= writeSizeMin) this.#flush()
    else if (!this.#flushing) {
      this.#flushing = true
      queueMicrotask(() => this.#flush())
    }
    return !this.#isFull
  }

  end(error?: unknown): void {
    if (this.#finished) return
    this.#flush()
    this.#finished = true
    if (error !== undefined) this.#trailers = statusOf(error, this.#log)
    this.#stream.end()
    this.#stream.resume()
  }

  #flush(): void {
    this.#flushing = false
    const pending = this.#pending
    if (pending.length === 0) return
    this.#pending = []
    this.#pendingSize = 0
    if (this.#finished || this.#stream.destroyed) return
    this.#stream.write(Buffer.concat(pending))
    // Who does not read what it is sent is not read either: what it asks for would only be more of it.
    if (this.#isFull) this.#stream.pause()
  }

  get #isFull(): boolean {
    return this.#stream.writableLength + this.#pendingSize > unreadSizeMax
  }

  #received(read: () => Buffer[]): void {
    if (this.#finished) return
    try {
      for (const message of read()) this.#incoming.received(this.#method.request.decode(message))
    } catch (error) {
      this.end(error)
    }
  }
}

function fail(stream: ServerHttp2Stream, error: unknown, log: Log): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ...head(), ...statusOf(error, log) }, { endStream: true })
  // What else the client sends is thrown away: to reset the stream could overtake the answer.
  stream.resume()
}

function statusOf(error: unknown, log: Log): Record<string, string> {
  const known = error instanceof GrpcError ? error : toEtcdError(error)
  if (known !== undefined) return status(known.code, known.message)
  if (error instanceof WireError) return status(code.internal, `grpc: error unmarshalling request: ${error.message}`)
  log.error("a call of etcd's API failed", { error: error as Error })
  return status(code.internal, "internal error")
}

/** Headers have only ASCII: what else the message has is percent-encoded, as gRPC says. */
function status(grpcStatus: number, message: string): Record<string, string> {
  const encoded = message.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => {
    return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")
  })
  return { "grpc-status": String(grpcStatus), "grpc-message": encoded }
}
