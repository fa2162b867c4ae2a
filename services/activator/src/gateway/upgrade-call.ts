import { type ClientRequest, type IncomingMessage, request as sendRequest } from "node:http"
import type { Duplex, Readable } from "node:stream"
import { Call } from "../backend/call.ts"
import { connectTimeoutMs } from "../backend/connections.ts"
import type { Pod } from "../backend/pod.ts"
import type { ServerRequest } from "../http1/server-request.ts"
import { AnswerLimits } from "./answer-limits.ts"
import type { GatewayWorld } from "./gateway.ts"
import { answerSocket, plain } from "./own-answer.ts"
import type { RequestHead } from "./request-head.ts"

/** What comes of a client that asks for another protocol. */
export interface Upgrade {
  readonly request: ServerRequest
  /** What the client would rather speak. */
  readonly protocol: string
  readonly socket: Duplex
  /** What the client has sent behind its head already. */
  readonly first: Buffer
  readonly head: RequestHead
}

/**
 * A request to speak another protocol (WebSocket) on the client's connection. Once the application agrees, bytes are
 * passed both ways until either side closes or the revision's time is up.
 */
export class UpgradeCall extends Call {
  readonly #request: ServerRequest
  readonly #protocol: string
  readonly #socket: Duplex
  readonly #first: Buffer
  readonly #head: RequestHead
  readonly #world: GatewayWorld
  #upstream: ClientRequest | undefined = undefined
  #limits: AnswerLimits | undefined = undefined
  /** Of the application's answer; 0 before it. */
  #status = 0

  constructor(given: Upgrade, world: GatewayWorld) {
    super()
    this.#world = world
    this.#request = given.request
    this.#protocol = given.protocol
    this.#socket = given.socket
    this.#first = given.first
    this.#head = given.head
    this.method = given.request.method
    given.socket.on("close", () => this.#close(0))
    given.socket.on("error", () => this.#close(0))
  }

  begin(pod: Pod): void {
    const { spec } = this.backend as NonNullable<Call["backend"]>
    this.#limits = AnswerLimits.of(spec, this.#world.clock, () => this.refuse(504, "request timeout"))
    if (this.record !== undefined) this.record.pod = pod
    const upstream = sendRequest({
      host: pod.address,
      port: pod.port,
      method: this.#request.method,
      path: this.#request.url,
      headers: [...this.#head.headers, "connection", "upgrade", "upgrade", this.#protocol],
      agent: false,
      timeout: connectTimeoutMs,
    })
    this.#upstream = upstream
    upstream.on("timeout", () => upstream.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)))
    upstream.on("socket", (socket) => socket.once("connect", () => upstream.setTimeout(0)))
    upstream.on("upgrade", (answer, socket, first) => this.#splice(answer, socket, first))
    upstream.on("response", (answer) => this.#pass(answer))
    upstream.on("error", (error) => this.#failed(upstream, error))
    upstream.end()
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    if (!this.open) return
    if (this.#status > 0) this.#socket.destroy()
    else answerSocket(this.#socket, plain(status, text, retryAfterSeconds))
    this.#close(status)
  }

  #splice(answer: IncomingMessage, socket: Duplex, first: Buffer): void {
    if (!this.open) {
      socket.destroy()
      return
    }
    this.#status = 101
    if (this.cold !== undefined) this.backend?.answerBegun(this)
    if (this.pod !== undefined) this.pod.upgraded++
    this.#socket.write(headText(answer))
    // The answer proper begins with what follows: the head has only agreed to the protocol.
    if (first.length > 0) {
      this.#limits?.wrote()
      this.#socket.write(first)
    }
    if (this.record !== undefined) this.record.bodyBytes += first.length
    if (this.#first.length > 0) socket.write(this.#first)
    socket.on("error", () => this.#socket.destroy())
    // A half-closed WebSocket has no use: the end of one side is the end of both.
    socket.on("close", () => this.#socket.destroy())
    this.#socket.on("close", () => socket.destroy())
    this.#countBytes(socket)
    socket.pipe(this.#socket).pipe(socket)
  }

  /** The application does not want to: its answer goes back as it is, and the connection with it. */
  #pass(answer: IncomingMessage): void {
    this.#status = answer.statusCode ?? 502
    if (this.cold !== undefined) this.backend?.answerBegun(this)
    this.#socket.write(headText(answer, "connection: close\r\n"))
    this.#limits?.wrote()
    this.#countBytes(answer)
    answer.pipe(this.#socket)
    answer.on("end", () => this.#close(this.#status))
  }

  /** Without a limit or a log nobody looks at what passes. */
  #countBytes(source: Readable): void {
    const limits = this.#limits
    const { record } = this
    if (limits === undefined && record === undefined) return
    source.on("data", (chunk: Buffer) => {
      limits?.wrote()
      if (record !== undefined) record.bodyBytes += chunk.length
    })
  }

  #failed(upstream: ClientRequest, error: Error): void {
    if (!this.open || this.#upstream !== upstream) return
    // Refused or unreachable: not a byte has left. Anything later may have reached the application.
    const unsent = upstream.socket === null || upstream.socket.connecting || upstream.socket.bytesWritten === 0
    if (unsent) {
      this.#limits?.stop()
      this.backend?.sendElsewhere(this, error)
    } else this.refuse(502, `the application broke off: ${error.message}`)
  }

  #close(status: number): void {
    if (!this.open) return
    this.#limits?.stop()
    this.record?.ended(this.#status || status)
    if (this.#status === 101 && this.pod !== undefined) this.pod.upgraded--
    this.backend?.finish(this, status === 0 ? this.#status : status)
    this.#upstream?.destroy()
  }
}

function headText(answer: IncomingMessage, extra = ""): string {
  const raw = answer.rawHeaders
  let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const isFraming = extra !== "" && /^(connection|keep-alive|transfer-encoding)$/i.test(name)
    if (!isFraming) text += `${name}: ${raw[i + 1]}\r\n`
  }
  return `${text}${extra}\r\n`
}
