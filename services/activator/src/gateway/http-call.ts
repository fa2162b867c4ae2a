import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import { Readable } from "node:stream"
import { Call } from "../backend/call.ts"
import type { Pod } from "../backend/pod.ts"
import type { ClientConnection, Exchange } from "../http1/client-connection.ts"
import { type AnswerLines, fieldText } from "../http1/head.ts"
import { MalformedMessage } from "../http1/malformed.ts"
import type { ServerRequest } from "../http1/server-request.ts"
import type { ServerResponse } from "../http1/server-response.ts"
import { AnswerLimits } from "./answer-limits.ts"
import type { GatewayWorld } from "./gateway.ts"
import { cutOff, endInTime, refuseWith } from "./own-answer.ts"
import { RequestBody } from "./request-body.ts"
import type { RequestHead } from "./request-head.ts"
import { responseHead } from "./response-head.ts"

export type Incoming = ServerRequest | Http2ServerRequest
export type Outgoing = ServerResponse | Http2ServerResponse

const safeMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE"])
/** A client of HTTP/2 can send what would end the request line of HTTP/1.1. */
const wordForm = /^[\x21-\x7e\x80-\xff]+$/

/** Bodies up to this are joined to their head: one write instead of two. */
const joinedMaxBytes = 8192

/**
 * A request to an application that speaks HTTP/1.1. It is its own exchange on the connection to the pod: one object per
 * request, no closures. The head of an answer is held until its first byte of body, so that small answers leave in one
 * write; if none comes in the same turn the head goes alone.
 */
export class HttpCall extends Call implements Exchange {
  readonly #request: Incoming
  readonly #response: Outgoing
  readonly #head: RequestHead
  readonly #world: GatewayWorld
  #connection: ClientConnection | undefined = undefined
  /** Whether the pod may have read of the request. */
  #isSent = false
  #body: RequestBody | undefined = undefined
  #status = 0
  #statusText = ""
  #headers: string[] | undefined = undefined
  #length = -1
  #limits: AnswerLimits | undefined = undefined

  constructor(request: Incoming, response: Outgoing, head: RequestHead, world: GatewayWorld) {
    super()
    this.#request = request
    this.#response = response
    this.#head = head
    this.#world = world
    this.method = request.method ?? ""
    this.version = request.httpVersionMajor
    response.on("close", () => this.#clientClosed())
  }

  begin(pod: Pod): void {
    const { spec } = this.backend as NonNullable<Call["backend"]>
    this.#limits = AnswerLimits.of(spec, this.#world.clock, () => this.refuse(504, "request timeout"))
    if (this.record !== undefined) this.record.pod = pod
    const path = this.#request.url as string
    if (this.version !== 1 && !(wordForm.test(path) && wordForm.test(this.method))) {
      this.refuse(400, "the path or the method has characters that none may have")
      return
    }
    if (pod.connections === undefined) {
      this.#lost(new Error("the pod has no address"))
      return
    }
    this.#connection = pod.connections.take()
    const { headers, length } = this.#head
    const framing = length === "chunked" ? "transfer-encoding: chunked\r\n" : ""
    const head = `${this.method} ${path} HTTP/1.1\r\n${fieldText(headers)}${framing}connection: keep-alive\r\n\r\n`
    this.#connection.send(this, head, this.method === "HEAD", length)
  }

  sent(): void {
    this.#isSent = true
    if (!this.#head.hasBody) return
    this.#body = new RequestBody(bodyOf(this.#request), this)
    this.#body.sendOver(this.#connection as ClientConnection)
  }

  bodyWanted(): void {
    this.#body?.goOn()
  }

  answered({ status, reason, fields }: AnswerLines): void {
    const { headers, length } = responseHead(fields)
    this.#status = status
    this.#statusText = reason
    this.#headers = headers
    this.#length = length
    this.#limits?.wrote()
    if (this.cold !== undefined) this.backend?.answerBegun(this)
    this.#world.heads.hold(this)
  }

  bodyData(piece: Buffer): void {
    if (!this.open) return
    this.#limits?.wrote()
    this.answerBytes += piece.length
    if (this.record !== undefined) this.record.bodyBytes += piece.length
    const response = this.#response as ServerResponse
    if (this.#headers !== undefined) {
      if (piece.length === this.#length && piece.length <= joinedMaxBytes) {
        this.#sendHead()
        // As a string of bytes it is joined to the head, where a buffer would be a second write.
        response.end(piece.toString("latin1"), "latin1")
        return
      }
      this.#sendHead()
    }
    if (!response.write(Buffer.from(piece))) {
      this.#connection?.pause()
      response.once("drain", () => this.#connection?.resume())
    }
  }

  answerEnded(trailers: readonly string[]): void {
    if (!this.open) return
    if (this.#headers !== undefined) this.#sendHead()
    const response = this.#response as ServerResponse
    if (!response.writableEnded) {
      for (let i = 0; i < trailers.length; i += 2)
        response.addTrailers({ [trailers[i] as string]: trailers[i + 1] as string })
      response.end()
    }
    this.#close(this.#status, true)
  }

  failed(error: Error): void {
    if (!this.open) return
    if (!this.#isSent) {
      this.#lost(error)
      return
    }
    if (this.#sentAgain(error)) return
    this.refuse(502, `the application broke off: ${error.message}`)
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    if (!this.open) return
    const response = this.#response as ServerResponse
    this.#headers = undefined
    if (response.headersSent) {
      // The status is out already: how the body ends is all that can still be told.
      if (status === 504) endInTime(response, text, this.#length < 0)
      else cutOff(response)
    } else if (!response.destroyed) {
      this.#status = status
      refuseWith(response, status, text, retryAfterSeconds)
    }
    this.#close(status, false)
  }

  #clientClosed(): void {
    if (this.open) this.#close(0, false)
  }

  /** Sends a head that has waited for its body's first byte long enough. */
  flushHead(): void {
    if (this.open && this.#headers !== undefined) {
      this.#sendHead()
      const response = this.#response as ServerResponse
      response.flushHeaders()
    }
  }

  #sendHead(): void {
    const headers = this.#headers as string[]
    this.#headers = undefined
    const response = this.#response
    if ("stream" in response) response.writeHead(this.#status, headers)
    else {
      if (this.#world.draining) response.shouldKeepAlive = false
      response.writeHead(this.#status, headers, this.#statusText)
    }
  }

  #lost(cause: Error): void {
    this.#leavePod()
    this.backend?.sendElsewhere(this, cause)
  }

  #close(status: number, isWhole: boolean): void {
    this.#limits?.stop()
    this.#body?.drop()
    this.record?.ended(this.#status || status)
    const connection = this.#connection
    this.#connection = undefined
    if (!isWhole) {
      this.backend?.finish(this, status)
      connection?.destroy()
      return
    }
    // First the connection, then the slot: whoever gets the slot can use the connection at once.
    if (connection !== undefined) this.pod?.connections?.release(connection)
    this.backend?.finish(this, status)
  }

  /** See `Call.replayed`. */
  #sentAgain(error: Error): boolean {
    const mayBe =
      this.#status === 0 &&
      this.#connection?.hasCarried === true &&
      !this.#head.hasBody &&
      safeMethods.has(this.method) &&
      !(error instanceof MalformedMessage)
    if (!mayBe) return false
    this.#leavePod()
    return this.backend?.replay(this, error.message) ?? false
  }

  /** Its connection there is of no more use. */
  #leavePod(): void {
    this.#connection?.destroy()
    this.#connection = undefined
    this.#isSent = false
    this.#limits?.stop()
  }
}

/** What follows a request's head. */
export function bodyOf(request: Incoming): Readable {
  return "body" in request ? (request.body ?? Readable.from([])) : request
}
