import { EventEmitter } from "node:events"
import { STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { lowerCase } from "./field-names.ts"
import type { HttpDate } from "./http-date.ts"

/** Over what an answer goes, and who hears that it has been given. */
export interface Carrier {
  readonly socket: Socket
  readonly date: HttpDate
  answerEnded(response: ServerResponse): void
}

/** What of its request an answer depends on. */
export interface Answered {
  readonly isHead: boolean
  /** 1 of HTTP/1.1, 0 of HTTP/1.0, which knows no chunks. */
  readonly minor: number
  /** Whether the connection may carry another. */
  readonly keepAlive: boolean
}

/** How the client is told where the body ends. */
type Framing = "undecided" | "none" | "counted" | "chunked" | "closing"

/** An idle connection is kept for longer than common load balancers keep theirs (60 s), so that we never race. */
export const idleMsMax = 75_000
const keepAliveLines = `connection: keep-alive\r\nkeep-alive: timeout=${idleMsMax / 1000}\r\n`

/**
 * The answer to a request, with the names of Node's own. Its head waits for the first bytes of its body, or for
 * `flushHeaders`, so that small answers leave in one write.
 *
 * `close`: its connection ended before it did. `drain`: what was written has left.
 */
export class ServerResponse extends EventEmitter {
  shouldKeepAlive: boolean
  headersSent = false
  writableEnded = false
  destroyed = false
  readonly #carrier: Carrier
  readonly #answered: Answered
  #head = ""
  #framing: Framing = "undecided"
  #trailers = ""
  #isGathering = false

  constructor(carrier: Carrier, answered: Answered) {
    super()
    this.#carrier = carrier
    this.#answered = answered
    this.shouldKeepAlive = answered.keepAlive
  }

  override on(event: "close" | "drain", listener: () => void): this {
    return super.on(event, listener)
  }

  get writableLength(): number {
    return this.#carrier.socket.writableLength
  }

  /** Once. `headers` are names and values in turn; those of the connection are ours to add. */
  writeHead(status: number, headers: readonly string[], reason = ""): this {
    this.headersSent = true
    let text = `HTTP/1.1 ${status} ${reason || (STATUS_CODES[status] ?? "")}\r\n`
    let hasDate = false
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      text += `${name}: ${headers[i + 1]}\r\n`
      if (name.length === 4 && lowerCase(name) === "date") hasDate = true
      else if (name.length === 14 && lowerCase(name) === "content-length") this.#framing = "counted"
    }
    if (this.#answered.isHead || status < 200 || status === 204 || status === 304) this.#framing = "none"
    this.#head = hasDate ? text : `${text}date: ${this.#carrier.date.text}\r\n`
    return this
  }

  /** False when the next piece should wait for `drain`. */
  write(piece: Buffer): boolean {
    if (this.destroyed || this.writableEnded) return false
    const { socket } = this.#carrier
    this.#gather(socket)
    this.#sendHead(undefined)
    return this.#framing === "none" || this.#sendPiece(socket, piece)
  }

  end(text = "", encoding: "utf8" | "latin1" = "utf8"): void {
    if (this.destroyed || this.writableEnded) return
    this.writableEnded = true
    const { socket } = this.#carrier
    if (this.#head !== "" && this.#trailers === "") {
      // Nothing of it has left yet: all of it is known now, and leaves in one piece.
      const head = this.#wholeHead(Buffer.byteLength(text, encoding))
      if (this.#framing === "none" || text === "") socket.write(head, "latin1")
      else if (encoding === "latin1") socket.write(head + text, "latin1")
      else socket.write(Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(text)]))
    } else this.#sendLast(socket, text, encoding)
    this.#carrier.answerEnded(this)
  }

  flushHeaders(): void {
    if (!this.destroyed) this.#sendHead(undefined)
  }

  /** Left out where the body is not in chunks, which alone have a place for them. */
  addTrailers(trailers: Readonly<Record<string, string>>): void {
    for (const name in trailers) this.#trailers += `${name}: ${trailers[name]}\r\n`
  }

  /** Cuts it off, and its connection with it. */
  destroy(): void {
    this.#carrier.socket.destroy()
  }

  /** The connection has ended. */
  closed(): void {
    this.destroyed = true
    this.emit("close")
  }

  #sendHead(length: number | undefined): void {
    if (this.#head !== "") this.#carrier.socket.write(this.#wholeHead(length), "latin1")
  }

  /** `length` of the whole body, where that is known. */
  #wholeHead(length: number | undefined): string {
    const { minor } = this.#answered
    let text = this.#head
    this.#head = ""
    if (this.#framing === "undecided") {
      if (length !== undefined) {
        this.#framing = "counted"
        text += `content-length: ${length}\r\n`
      } else if (minor === 1) {
        this.#framing = "chunked"
        text += "transfer-encoding: chunked\r\n"
      } else {
        this.#framing = "closing"
        this.shouldKeepAlive = false
      }
    }
    return `${text}${this.shouldKeepAlive ? keepAliveLines : "connection: close\r\n"}\r\n`
  }

  #sendPiece(socket: Socket, piece: Buffer): boolean {
    if (this.#framing !== "chunked") return socket.write(piece)
    if (piece.length === 0) return true
    socket.write(`${piece.length.toString(16)}\r\n`, "latin1")
    socket.write(piece)
    return socket.write("\r\n", "latin1")
  }

  #sendLast(socket: Socket, text: string, encoding: "utf8" | "latin1"): void {
    this.#gather(socket)
    this.#sendHead(undefined)
    if (text !== "" && this.#framing !== "none") this.#sendPiece(socket, Buffer.from(text, encoding))
    if (this.#framing === "chunked") socket.write(`0\r\n${this.#trailers}\r\n`, "latin1")
  }

  /** What is written from here to the end of this turn of the event loop leaves in one piece. */
  #gather(socket: Socket): void {
    if (this.#isGathering) return
    this.#isGathering = true
    socket.cork()
    process.nextTick(() => {
      this.#isGathering = false
      socket.uncork()
    })
  }
}
