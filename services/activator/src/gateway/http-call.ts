import { type IncomingMessage, ServerResponse } from "node:http"
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import type { Dispatcher } from "undici"
import { Call } from "../backend/call.ts"
import type { PodClient } from "../backend/connections.ts"
import type { Pod } from "../backend/pod.ts"
import { AnswerLimits } from "./answer-limits.ts"
import type { GatewayWorld } from "./gateway.ts"
import { cutOff, endInTime, refuseWith } from "./own-answer.ts"
import { RequestBody } from "./request-body.ts"
import type { RequestHead } from "./request-head.ts"
import { responseHead } from "./response-head.ts"

export type Incoming = IncomingMessage | Http2ServerRequest
export type Outgoing = CallResponse | Http2CallResponse
type Http2CallResponse = Http2ServerResponse & { call?: HttpCall | undefined }

const safeMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE"])
/** What becomes of a request when its connection ends under it. */
const brokenConnection = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])

/** A response that knows its call, so that its events need no closure per request. */
export class CallResponse extends ServerResponse {
  call: HttpCall | undefined = undefined
}

/** Bodies up to this are joined to their head: one write instead of two. */
const joinedMaxBytes = 8192

/**
 * A request to an application that speaks HTTP/1.1. It is its own undici handler: one object per request, no closures.
 * The head of an answer is held until its first byte of body, so that small answers leave in one write; if none comes
 * in the same turn the head goes alone.
 */
export class HttpCall extends Call implements Dispatcher.DispatchHandler {
  readonly #request: Incoming
  readonly #response: Outgoing
  readonly #head: RequestHead
  readonly #world: GatewayWorld
  #controller: Dispatcher.DispatchController | undefined = undefined
  #client: PodClient | undefined = undefined
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
    response.call = this
    response.on("close", clientClosed)
  }

  begin(pod: Pod): void {
    const { spec } = this.backend as NonNullable<Call["backend"]>
    this.#limits = AnswerLimits.of(spec, this.#world.clock, () => this.refuse(504, "request timeout"))
    if (this.record !== undefined) this.record.pod = pod
    if (this.#head.hasBody) this.#body ??= new RequestBody(this.#request, this)
    const { connections } = pod
    if (connections === undefined) {
      this.#lost(new Error("the pod has no address"))
      return
    }
    const client = connections.dispatch(
      {
        path: this.#request.url as string,
        method: this.#request.method as Dispatcher.HttpMethod,
        headers: this.#head.headers,
        body: this.#body ?? null,
      },
      this,
    )
    // The call may have ended within `dispatch`, when nobody could know the connection yet.
    if (this.pod === pod) this.#client = client
    else connections.discard(client)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.open) controller.abort(new Error("the client has gone"))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    given: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    if (status < 200) return
    const { headers, length } = responseHead(given)
    this.#status = status
    this.#statusText = statusText ?? ""
    this.#headers = headers
    this.#length = length
    this.#limits?.wrote()
    if (this.cold !== undefined) this.backend?.answerBegun(this)
    this.#world.heads.hold(this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.open) return
    this.#limits?.wrote()
    this.answerBytes += chunk.length
    if (this.record !== undefined) this.record.bodyBytes += chunk.length
    const response = this.#response as CallResponse
    if (this.#headers !== undefined) {
      if (chunk.length === this.#length && chunk.length <= joinedMaxBytes) {
        this.#sendHead()
        // As a string of bytes it is joined to the head, where a buffer would be a second write.
        response.end(chunk.toString("latin1"), "latin1")
        return
      }
      this.#sendHead()
    }
    if (!response.write(chunk)) {
      controller.pause()
      response.once("drain", clientDrained)
    }
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.open) return
    if (this.#headers !== undefined) this.#sendHead()
    const response = this.#response as CallResponse
    if (!response.writableEnded) {
      for (const name in trailers) response.addTrailers({ [name]: trailers[name] as string })
      response.end()
    }
    this.#close(this.#status, true)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.open) return
    // undici refuses a head that cannot be sent: the client's fault.
    if ("code" in error && error.code === "UND_ERR_INVALID_ARG") {
      this.refuse(400, error.message)
      return
    }
    const sent = this.#controller !== undefined
    if (!sent) {
      this.#lost(error)
      return
    }
    if (this.#sentAgain(error)) return
    this.refuse(502, `the application broke off: ${error.message}`)
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    if (!this.open) return
    const response = this.#response as CallResponse
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

  clientClosed(): void {
    if (this.open) this.#close(0, false)
  }

  clientDrained(): void {
    this.#controller?.resume()
  }

  /** Sends a head that has waited for its body's first byte long enough. */
  flushHead(): void {
    if (this.open && this.#headers !== undefined) {
      this.#sendHead()
      const response = this.#response as CallResponse
      response.flushHeaders()
    }
  }

  #sendHead(): void {
    const headers = this.#headers as string[]
    this.#headers = undefined
    const response = this.#response as CallResponse
    if (this.#world.draining) response.shouldKeepAlive = false
    if (this.#request.httpVersionMajor === 1) response.writeHead(this.#status, this.#statusText, headers)
    else response.writeHead(this.#status, headers)
  }

  #lost(cause: Error): void {
    this.#controller = undefined
    this.#giveBack(false)
    this.#limits?.stop()
    this.backend?.sendElsewhere(this, cause)
  }

  #close(status: number, complete: boolean): void {
    this.#limits?.stop()
    this.record?.ended(this.#status || status)
    if (complete) {
      // First the connection, then the slot: whoever gets the slot can use the connection at once.
      this.#giveBack(true)
      this.backend?.finish(this, status)
      return
    }
    const connections = this.pod?.connections
    this.backend?.finish(this, status)
    // Aborting calls `onResponseError` at once, which finds the call closed.
    this.#controller?.abort(new Error("given up"))
    if (this.#client !== undefined) connections?.discard(this.#client)
  }

  /** See `Call.replayed`. */
  #sentAgain(error: Error & { code?: string }): boolean {
    const mayBe =
      this.#status === 0 &&
      this.#client?.hasCarried === true &&
      !this.#head.hasBody &&
      safeMethods.has(this.#request.method as string) &&
      brokenConnection.has(error.code ?? "")
    if (!mayBe) return false
    this.#controller = undefined
    this.#giveBack(false)
    this.#limits?.stop()
    return this.backend?.replay(this, error.message) ?? false
  }

  #giveBack(complete: boolean): void {
    const client = this.#client
    const connections = this.pod?.connections
    this.#client = undefined
    if (client === undefined || connections === undefined) return
    if (complete) connections.release(client)
    else connections.discard(client)
  }
}

function clientClosed(this: Outgoing): void {
  this.call?.clientClosed()
}

function clientDrained(this: Outgoing): void {
  this.call?.clientDrained()
}
