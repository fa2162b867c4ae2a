import type { Socket } from "node:net"
import type { Clock } from "@wick/sdk/clock"
import type { Body } from "./body.ts"
import { type RequestFraming, requestFraming } from "./framing.ts"
import { type RequestLines, requestLines } from "./head.ts"
import { HeadReader } from "./head-reader.ts"
import type { HttpDate } from "./http-date.ts"
import { MalformedMessage } from "./malformed.ts"
import { RequestBodyStream, ServerRequest } from "./server-request.ts"
import { type Carrier, idleMsMax, ServerResponse } from "./server-response.ts"

/** What is done with what clients ask. */
export interface Callee {
  readonly clock: Pick<Clock, "monotonic">
  readonly date: HttpDate
  /** A client has this long to send a request's head. */
  readonly headTimeoutMs: number
  /** Whether connections end with the answer that is under way. */
  isClosing(): boolean
  request(request: ServerRequest, response: ServerResponse): void
  /** The client would rather speak `protocol`: the connection is the callee's from here on, with what came behind the head. */
  upgrade(request: ServerRequest, protocol: string, socket: Socket, first: Buffer): void
  /** Answers what was no request, and ends the connection. */
  refuse(socket: Socket, status: number, text: string): void
}

/**
 * A client's connection of HTTP/1.1: one request after the other. Of who sends the next before it has its answer nothing
 * more is read until then, so that no client can have thousands of them in here.
 */
export class ServerConnection implements Carrier {
  readonly socket: Socket
  readonly date: HttpDate
  readonly #callee: Callee
  readonly #head = new HeadReader()
  #response: ServerResponse | undefined = undefined
  /** Of the request's body, while it is not whole. */
  #body: Body | undefined = undefined
  #stream: RequestBodyStream | undefined = undefined
  /** Behind the request that is being answered there is another. */
  #isAhead = false
  #isOver = false
  /** When it began to be waited for what comes next: a request, the rest of its head, a body that nobody wants any more. */
  #sinceMs: number
  /** Of what the client was told, when it was last looked at; a piece counts until the last of its bytes is read. */
  #unreadBytes = 0

  constructor(socket: Socket, callee: Callee) {
    this.socket = socket
    this.date = callee.date
    this.#callee = callee
    this.#sinceMs = callee.clock.monotonic()
    socket.on("data", this.#data)
    socket.on("drain", this.#drained)
    socket.on("end", this.#left)
    socket.on("close", this.#closed)
  }

  /** Whether nothing is owed to the client; of a request that has begun to come nobody knows how long it would take. */
  get isUnasked(): boolean {
    return this.#response === undefined && this.socket.writableLength === 0
  }

  /** Ends it if it only idles, once the client has read what it was told. */
  closeIfIdle(): void {
    if (this.#response === undefined && !this.#head.hasBegun && this.#body === undefined) this.socket.destroySoon()
  }

  /** Ends it if the client has taken too long: to ask, or to read any of what it was told. */
  endIfOverdue(): void {
    if (this.#response !== undefined) return
    const nowMs = this.#callee.clock.monotonic()
    const unreadBytes = this.socket.writableLength
    if (unreadBytes !== this.#unreadBytes) {
      this.#unreadBytes = unreadBytes
      this.#sinceMs = nowMs
      return
    }
    const waitedMs = nowMs - this.#sinceMs
    if (this.#head.hasBegun && !this.#isOver) {
      if (waitedMs >= this.#callee.headTimeoutMs)
        this.#refuse(new MalformedMessage("the request's head took too long", 408))
    } else if (waitedMs >= (this.#body === undefined ? idleMsMax : this.#callee.headTimeoutMs)) this.socket.destroy()
  }

  answerEnded(response: ServerResponse): void {
    this.#response = undefined
    if (!response.shouldKeepAlive) {
      this.#isOver = true
      this.socket.destroySoon()
      return
    }
    this.#sinceMs = this.#callee.clock.monotonic()
    // What is left of a body that nobody reads is read past. The next request may be here already.
    if (this.#body !== undefined || this.#isAhead) this.socket.resume()
    this.#isAhead = false
  }

  readonly #data = (chunk: Buffer): void => {
    try {
      this.#take(chunk)
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.#refuse(error)
    }
  }

  readonly #drained = (): void => void this.#response?.emit("drain")

  /** The client will say no more: who waits for an answer is taken to have left. */
  readonly #left = (): void => {
    if (this.#response === undefined) this.socket.end()
    else this.socket.destroy()
  }

  readonly #closed = (): void => {
    this.#isOver = true
    const response = this.#response
    this.#response = undefined
    this.#stream?.destroy(new Error("the client broke off"))
    response?.closed()
  }

  #take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#isOver) {
      if (this.#body !== undefined) at = this.#takeBody(this.#body, chunk, at)
      else if (this.#response !== undefined) {
        this.#isAhead = true
        this.socket.pause()
        this.socket.unshift(chunk.subarray(at))
        return
      } else {
        const hadBegun = this.#head.hasBegun
        const head = this.#head.read(chunk, at)
        if (head === undefined) {
          if (!hadBegun && this.#head.hasBegun) this.#sinceMs = this.#callee.clock.monotonic()
          return
        }
        at = this.#head.end
        this.#begin(requestLines(head), chunk, at)
      }
    }
  }

  #begin(lines: RequestLines, chunk: Buffer, at: number): void {
    const framing = requestFraming(lines)
    const { body, upgrade } = framing
    if (lines.method === "CONNECT") throw new MalformedMessage("no tunnels are opened here", 405)
    if (upgrade !== "" && body === undefined) {
      this.#detach()
      this.#callee.upgrade(new ServerRequest(lines, this.socket, undefined), upgrade, this.socket, chunk.subarray(at))
      return
    }
    if (body !== undefined) this.#beginBody(body, framing)
    const request = new ServerRequest(lines, this.socket, this.#stream)
    const keepAlive = framing.keepAlive && !this.#callee.isClosing()
    this.#response = new ServerResponse(this, { isHead: lines.method === "HEAD", minor: lines.minor, keepAlive })
    this.#callee.request(request, this.#response)
  }

  #beginBody(body: Body, { expectsContinue }: RequestFraming): void {
    this.#body = body
    this.#stream = new RequestBodyStream(() => {
      if (this.#body === body) this.socket.resume()
    })
    if (expectsContinue) this.socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1")
  }

  bodyData(piece: Buffer): void {
    // After the answer it is read past.
    if (this.#response !== undefined && this.#stream?.push(piece) === false) this.socket.pause()
  }

  #takeBody(body: Body, chunk: Buffer, from: number): number {
    const at = body.take(chunk, from, this)
    if (body.isWhole) {
      this.#body = undefined
      this.#stream?.push(null)
      this.#stream = undefined
      // Its last piece may have been one too many for who reads it; what comes now is the next request, or the client's end.
      if (this.socket.isPaused()) this.socket.resume()
      this.#sinceMs = this.#callee.clock.monotonic()
    }
    return at
  }

  /** Nothing that comes now can be understood any more. */
  #refuse({ status, message }: MalformedMessage): void {
    const response = this.#response
    this.#isOver = true
    this.#response = undefined
    this.#stream?.destroy(new Error("the client broke off"))
    if (response?.headersSent) this.socket.destroy()
    else this.#callee.refuse(this.socket, status, message)
    response?.closed()
  }

  #detach(): void {
    this.#isOver = true
    this.socket.pause()
    this.socket.off("data", this.#data)
    this.socket.off("drain", this.#drained)
    this.socket.off("end", this.#left)
    this.socket.off("close", this.#closed)
  }
}
