import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import type { Log } from "@wick/sdk/log"
import { FrameReader, frame, frameHead, GrpcError, WireError } from "#etcd-wire"
import type { HeaderList, ServerStream } from "#http2"
import { code, toEtcdError } from "../etcd-error.ts"
import type { Pages } from "../http/pages.ts"
import { answerPage } from "../http/serve.ts"
import { messageSizeMax, unreadSizeMax } from "../limits.ts"
import type { Incoming, Methods, Outgoing, StreamMethod, UnaryMethod } from "../service.ts"

/** What is known of whoever is at the other end of a connection; a string is why it may not come in. */
type Peer = { readonly commonName: string | undefined } | string
export type Admit = (socket: TLSSocket) => Peer

const unimplemented = 12
/** Said of nearly every call: frozen, they are encoded once for each connection. */
const head: HeaderList = Object.freeze([":status", "200", "content-type", "application/grpc"])
const ok: HeaderList = Object.freeze(["grpc-status", "0"])

/** Answers the gRPC calls of connections, and hands what is none to the pages. */
export class GrpcServer {
  readonly #methods: Methods
  readonly #pages: Pages
  readonly #admit: Admit
  readonly #log: Log

  constructor(methods: Methods, pages: Pages, admit: Admit, log: Log) {
    this.#methods = methods
    this.#pages = pages
    this.#admit = admit
    this.#log = log
  }

  /** What answers the streams of a connection. */
  accept(socket: Socket): (stream: ServerStream) => void {
    const peer = this.#admit(socket as TLSSocket)
    return (stream) => this.#answer(stream, peer)
  }

  #answer(stream: ServerStream, peer: Peer): void {
    const log = this.#log
    const { path, headers } = stream
    const method = this.#methods[path.slice(1)]
    if (typeof peer === "string") fail(stream, new GrpcError(code.permissionDenied, peer), log)
    else if (method !== undefined) {
      const caller = { token: tokenOf(headers), commonName: peer.commonName }
      if (method.kind === "unary") answerOne(stream, method, caller, log)
      else new GrpcStream(stream, method, caller, log)
    } else if (headerOf(headers, "content-type")?.startsWith("application/grpc")) {
      fail(stream, new GrpcError(unimplemented, `unknown method ${path}`), log)
    } else answerPage(stream, this.#pages, log)
  }
}

/** Clients of etcd name the token in either header. */
function tokenOf(headers: HeaderList): string | undefined {
  return headerOf(headers, "token") ?? headerOf(headers, "authorization")
}

function headerOf(headers: HeaderList, name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1]
  return undefined
}

type Caller = Parameters<UnaryMethod["answer"]>[1]

function answerOne(stream: ServerStream, method: UnaryMethod, caller: Caller, log: Log): void {
  const reader = new FrameReader(messageSizeMax)
  const goneListeners: (() => void)[] = []
  let request: Buffer | undefined
  const answer = async (): Promise<void> => {
    try {
      if (request === undefined) throw new GrpcError(code.internal, "the request has no message")
      const gone = (listener: () => void): void => void goneListeners.push(listener)
      const response = await method.answer(method.request.decode(request), caller, gone)
      stream.respond(head)
      stream.write(frame(method.response.encode(response)))
      stream.end(ok)
    } catch (error) {
      fail(stream, error, log)
    }
  }
  stream.handlers = {
    onData: (chunk) => {
      try {
        for (const message of reader.push(chunk)) request = message
      } catch (error) {
        fail(stream, error, log)
      }
    },
    onEnd: answer,
    onClose: () => {
      for (const listener of goneListeners) listener()
    },
  }
  if (stream.endsAtHead) void answer()
}

/** A stream of answers as the services see it. */
class GrpcStream implements Outgoing {
  readonly #stream: ServerStream
  readonly #method: StreamMethod
  readonly #log: Log
  readonly #incoming: Incoming

  constructor(stream: ServerStream, method: StreamMethod, caller: Caller, log: Log) {
    this.#stream = stream
    this.#method = method
    this.#log = log
    stream.respond(head)
    this.#incoming = method.open(this, caller)
    const reader = new FrameReader(messageSizeMax)
    stream.handlers = {
      onData: (chunk) => this.#received(() => reader.push(chunk)),
      onEnd: () => this.#incoming.ended(),
      onDrained: () => {
        stream.resume()
        this.#incoming.drained()
      },
      onClose: () => this.#incoming.closed(),
    }
    if (stream.endsAtHead) this.#incoming.ended()
  }

  send(answer: object): boolean {
    return this.sendEncoded([this.#method.response.encode(answer)])
  }

  sendEncoded(pieces: readonly Buffer[]): boolean {
    const stream = this.#stream
    if (this.#isOver) return true
    let size = 0
    for (const piece of pieces) size += piece.length
    stream.write(frameHead(size))
    for (const piece of pieces) stream.write(piece)
    if (stream.unread <= unreadSizeMax) return true
    // Who does not read what it is sent is not read either: what it asks for would only be more of it.
    stream.pause()
    return false
  }

  end(error?: unknown): void {
    if (this.#isOver) return
    this.#hasEnded = true
    this.#stream.end(error === undefined ? ok : statusOf(error, this.#log))
  }

  #hasEnded = false

  get #isOver(): boolean {
    return this.#hasEnded || this.#stream.isClosed
  }

  #received(read: () => Buffer[]): void {
    try {
      for (const message of read()) {
        if (this.#isOver) return
        this.#incoming.received(this.#method.request.decode(message))
      }
    } catch (error) {
      this.end(error)
    }
  }
}

/** What else the client sends is thrown away: to reset the stream could overtake the answer. */
function fail(stream: ServerStream, error: unknown, log: Log): void {
  if (stream.isAnswered) return
  stream.respond([...head, ...statusOf(error, log)], true)
}

function statusOf(error: unknown, log: Log): HeaderList {
  const known = error instanceof GrpcError ? error : toEtcdError(error)
  if (known !== undefined) return status(known.code, known.message)
  if (error instanceof WireError) return status(code.internal, `grpc: error unmarshalling request: ${error.message}`)
  log.error("a call of etcd's API failed", { error: error as Error })
  return status(code.internal, "internal error")
}

/** Headers have only ASCII: what else the message has is percent-encoded, as gRPC says. */
function status(grpcStatus: number, message: string): HeaderList {
  const encoded = message.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => {
    return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")
  })
  return ["grpc-status", String(grpcStatus), "grpc-message", encoded]
}
