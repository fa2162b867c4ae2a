import { connect, type Socket } from "node:net"
import type { Body, BodySink } from "./body.ts"
import { answerFraming } from "./framing.ts"
import { type AnswerLines, answerLines, fieldText } from "./head.ts"
import { HeadReader } from "./head-reader.ts"
import { MalformedMessage } from "./malformed.ts"

/** Who has sent a request, and is told what becomes of it. Nothing is told any more once the connection is destroyed. */
export interface Exchange extends BodySink {
  /** The head is on its way: from now on the server may have read of it. Bytes of the body may follow. */
  sent(): void
  /** What has been given of the body has left. */
  bodyWanted(): void
  answered(answer: AnswerLines): void
  /** `piece` is overwritten once this returns. */
  bodyData(piece: Buffer): void
  answerEnded(trailers: readonly string[]): void
  /** There will be no answer, or no more of it. */
  failed(error: Error): void
}

/** How a request's body is told from what follows it. */
export type Length = number | "chunked"

export interface Server {
  readonly host: string
  readonly port: number
  /** A server that has taken no connection within this is given up. */
  readonly connectTimeoutMs: number
  /** How long the connection may idle. */
  readonly keepAliveMs: number
}

/** What a server says of its patience is its own clock's word: we leave this much earlier. */
const leaveEarlierMs = 1000
/** Interim answers to one request: those of who reports on hours of work are far fewer. */
const interimMax = 1000
const none: readonly string[] = []
/** All connections read into the same bytes: whoever wants to keep some copies them. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** One connection to a server of HTTP/1.1, for one request after the other. */
export class ClientConnection {
  /** Whether a whole exchange has gone over it: the server may close it at any moment, even with a request on its way. */
  hasCarried = false
  readonly #server: Server
  readonly #socket: Socket
  readonly #onIdleEnd: (connection: ClientConnection) => void
  readonly #head = new HeadReader()
  #exchange: Exchange | undefined = undefined
  #unsent = ""
  #toHead = false
  #isAnswered = false
  #body: Body | undefined = undefined
  /** Bytes of the request's body that are still to come; Infinity while chunks are. */
  #bodyLeft = 0
  #keepAlive = true
  #interimCount = 0
  #isOver = false
  /** Asks anew who is to be given each piece: within a piece the connection may have been destroyed. */
  readonly #sink: BodySink = { bodyData: (piece) => this.#exchange?.bodyData(piece) }

  /** `onIdleEnd`: it ends while no request is on it. */
  constructor(server: Server, onIdleEnd: (connection: ClientConnection) => void) {
    this.#server = server
    this.#onIdleEnd = onIdleEnd
    this.#socket = connect({
      host: server.host,
      port: server.port,
      noDelay: true,
      timeout: server.connectTimeoutMs,
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    })
    this.#socket.on("connect", () => this.#connected())
    this.#socket.on("timeout", () => this.#timedOut())
    this.#socket.on("drain", () => this.#exchange?.bodyWanted())
    this.#socket.on("end", () => this.#ended())
    this.#socket.on("error", (error) => this.#end(error))
    this.#socket.on("close", () => this.#end(new Error("other side closed")))
  }

  /** Whether it can carry another request. */
  get isReusable(): boolean {
    return this.#keepAlive && this.#exchange === undefined && !this.#socket.destroyed
  }

  /** `head` ends with its empty line; a body of `length` follows by `sendBody`. */
  send(exchange: Exchange, head: string, isHead: boolean, length: Length): void {
    this.#exchange = exchange
    this.#toHead = isHead
    this.#bodyLeft = length === "chunked" ? Number.POSITIVE_INFINITY : length
    if (this.#socket.connecting) this.#unsent = head
    else {
      this.#socket.write(head, "latin1")
      exchange.sent()
    }
  }

  /** False when the next piece should wait for `bodyWanted`. */
  sendBody(piece: Buffer): boolean {
    if (piece.length === 0) return true
    if (this.#bodyLeft === Number.POSITIVE_INFINITY) return this.#sendChunk(piece)
    this.#bodyLeft -= piece.length
    if (this.#bodyLeft >= 0) return this.#socket.write(piece)
    this.#socket.destroy(new MalformedMessage("the body is longer than its length"))
    return false
  }

  endBody(trailers: readonly string[] = []): void {
    if (this.#bodyLeft === Number.POSITIVE_INFINITY) {
      this.#bodyLeft = 0
      this.#socket.write(`0\r\n${fieldText(trailers)}\r\n`, "latin1")
    } else if (this.#bodyLeft > 0) this.#socket.destroy(new MalformedMessage("the body is shorter than its length"))
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#exchange = undefined
    this.#isOver = true
    this.#socket.destroy()
  }

  #sendChunk(piece: Buffer): boolean {
    this.#socket.cork()
    this.#socket.write(`${piece.length.toString(16)}\r\n`, "latin1")
    this.#socket.write(piece)
    const goOn = this.#socket.write("\r\n", "latin1")
    this.#socket.uncork()
    return goOn
  }

  #connected(): void {
    // Each read and write begins this anew by itself.
    this.#socket.setTimeout(this.#server.keepAliveMs)
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#socket.write(this.#unsent, "latin1")
    this.#unsent = ""
    exchange.sent()
  }

  #timedOut(): void {
    if (this.#socket.connecting) this.#end(new Error(`no connection within ${this.#server.connectTimeoutMs} ms`))
    else if (this.#exchange === undefined) this.#end(new Error("nothing was asked for long"))
  }

  #read(length: number): boolean {
    try {
      this.#take(readBuffer.subarray(0, length))
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.#end(error)
    }
    return true
  }

  #take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const exchange = this.#exchange
      // Nobody has asked for this: where the next answer begins is not known any more.
      if (exchange === undefined) {
        this.#end(new Error("it answers what nobody has asked"))
        return
      }
      if (this.#body === undefined) {
        const head = this.#head.read(chunk, at)
        if (head === undefined) return
        at = this.#head.end
        this.#answered(exchange, head)
      } else at = this.#body.take(chunk, at, this.#sink)
      if (this.#isAnswered && (this.#body?.isWhole ?? true)) {
        // An answer with something behind it: what that belongs to nobody can know.
        if (at < chunk.length) this.#keepAlive = false
        this.#answerEnded(exchange)
        if (at < chunk.length) this.#socket.destroy()
        return
      }
    }
  }

  #answered(exchange: Exchange, head: string): void {
    const answer = answerLines(head)
    if (answer.status === 101) throw new MalformedMessage("the application changes the protocol unasked")
    const { body, keepAlive, keepsSeconds } = answerFraming(answer, this.#toHead)
    if (answer.status < 200) {
      if (!keepAlive) throw new MalformedMessage("the connection ends with an interim answer")
      if (++this.#interimCount > interimMax) throw new MalformedMessage("the interim answers do not end")
      return
    }
    this.#keepAlive = keepAlive
    if (keepsSeconds !== undefined && !this.hasCarried) this.#leaveAfter(keepsSeconds)
    this.#isAnswered = true
    this.#body = body
    exchange.answered(answer)
  }

  #leaveAfter(seconds: number): void {
    const ms = seconds * 1000 - leaveEarlierMs
    if (ms <= 0) this.#keepAlive = false
    else if (ms < this.#server.keepAliveMs) this.#socket.setTimeout(ms)
  }

  #answerEnded(exchange: Exchange): void {
    const trailers = this.#body?.trailers ?? none
    this.#body = undefined
    this.#isAnswered = false
    this.#interimCount = 0
    // Who destroyed it is told nothing more.
    if (this.#exchange !== exchange) return
    this.#exchange = undefined
    if (this.#bodyLeft > 0) this.#keepAlive = false
    this.hasCarried = true
    // Its last piece may have been one too many for who was given it; the next exchange knows nothing of that.
    if (this.#socket.isPaused()) this.#socket.resume()
    exchange.answerEnded(trailers)
  }

  /** The server has said all that it will say. */
  #ended(): void {
    const exchange = this.#exchange
    this.#keepAlive = false
    if (exchange !== undefined && this.#isAnswered && this.#body?.endsWithConnection) this.#answerEnded(exchange)
    else this.#end(new Error("other side closed"))
    this.#socket.destroy()
  }

  /** Tells it at once: the socket's own word comes later, and until then somebody would send a request over it. */
  #end(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#socket.destroy()
    if (exchange === undefined) this.#onIdleEnd(this)
    else exchange.failed(error)
  }
}
