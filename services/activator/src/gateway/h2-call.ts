import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2"
import { Call } from "../backend/call.ts"
import type { Pod } from "../backend/pod.ts"
import type { ServerResponse } from "../http1/server-response.ts"
import { AnswerLimits } from "./answer-limits.ts"
import type { GatewayWorld } from "./gateway.ts"
import { bodyOf, type Incoming, type Outgoing } from "./http-call.ts"
import { cutOff, endInTime, refuseWith } from "./own-answer.ts"
import type { RequestHead } from "./request-head.ts"
import { responseHead } from "./response-head.ts"

/** A request to an application that speaks HTTP/2 in clear text (port name `h2c`), gRPC among it: streams, trailers. */
export class H2Call extends Call {
  readonly #request: Incoming
  readonly #response: Outgoing
  readonly #head: RequestHead
  readonly #world: GatewayWorld
  #stream: ClientHttp2Stream | undefined = undefined
  #limits: AnswerLimits | undefined = undefined
  #status = 0
  /** Whether the answer promised neither a length nor messages of gRPC. */
  #mayGrow = false

  constructor(request: Incoming, response: Outgoing, head: RequestHead, world: GatewayWorld) {
    super()
    this.#world = world
    this.#request = request
    this.#response = response
    this.#head = head
    this.method = request.method ?? ""
    this.version = request.httpVersionMajor
    response.on("close", () => this.#end(this.#status))
  }

  begin(pod: Pod): void {
    const { h2 } = pod
    if (h2 === undefined) {
      this.backend?.sendElsewhere(this, new Error("the pod has no address"))
      return
    }
    const { spec } = this.backend as NonNullable<Call["backend"]>
    this.#limits = AnswerLimits.of(spec, this.#world.clock, () => this.refuse(504, "request timeout"))
    if (this.record !== undefined) this.record.pod = pod
    h2.open().then(
      (session) => {
        if (!this.open || this.pod !== pod) return
        if (session.closed || session.destroyed) {
          this.#elsewhere(new Error("the pod closed its connection"))
          return
        }
        this.#follow(session.request(this.#headers(), { endStream: !this.#head.hasBody }))
      },
      (error: Error) => {
        if (!this.open || this.pod !== pod) return
        this.#elsewhere(error)
      },
    )
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    if (!this.open) return
    if (this.#response.headersSent) {
      if (status === 504) endInTime(this.#response, text, this.#mayGrow)
      else cutOff(this.#response)
    } else {
      this.#status = status
      refuseWith(this.#response, status, text, retryAfterSeconds)
    }
    this.#end(status)
  }

  #follow(stream: ClientHttp2Stream): void {
    this.#stream = stream
    const response = this.#response
    let trailers: IncomingHttpHeaders = {}
    stream.on("response", (headers, flags, raw) =>
      this.#begun(headers, raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0),
    )
    stream.on("trailers", (given) => {
      trailers = given
    })
    stream.on("error", (error) => this.#broken(stream, error))
    stream.on("end", () => {
      if (!this.open) return
      // Where the connection is gone there is an end too, and no error: the code alone tells it from the application's.
      if (stream.rstCode) {
        this.refuse(502, "the application broke off")
        return
      }
      for (const name in trailers) {
        if (!name.startsWith(":")) response.addTrailers({ [name]: trailers[name] as string })
      }
      if (!response.writableEnded) response.end()
      this.#end(this.#status)
    })
    // Not `pipe`: the response may only end after its trailers are set.
    stream.on("data", (chunk: Buffer) => {
      if (!this.open) return
      this.#limits?.wrote()
      this.answerBytes += chunk.length
      if (this.record !== undefined) this.record.bodyBytes += chunk.length
      if (!(response as ServerResponse).write(chunk)) stream.pause()
    })
    response.on("drain", () => stream.resume())
    if (!this.#head.hasBody) return
    const body = bodyOf(this.#request)
    body.on("data", (chunk: Buffer) => {
      this.requestBytes += chunk.length
    })
    body.pipe(stream)
  }

  /** RFC 9113 §8.7: a refused stream was not processed. What has been read of a body is gone, though. */
  #broken(stream: ClientHttp2Stream, error: Error): void {
    if (!this.open || this.#stream !== stream) return
    const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
    if (isRefused && this.#status === 0 && !this.#head.hasBody) this.#elsewhere(error)
    else this.refuse(502, `the application broke off: ${error.message}`)
  }

  #elsewhere(cause: Error): void {
    this.#limits?.stop()
    this.#stream = undefined
    this.backend?.sendElsewhere(this, cause)
  }

  #begun(given: IncomingHttpHeaders, raw: readonly string[], isWhole: boolean): void {
    if (!this.open) return
    this.#limits?.wrote()
    if (this.cold !== undefined) this.backend?.answerBegun(this)
    this.#status = Number(given[":status"] ?? 200)
    const { headers: pairs, length } = responseHead(raw)
    this.#mayGrow = length < 0 && !given["content-type"]?.startsWith("application/grpc")
    const response = this.#response
    if (isWhole && "stream" in response) {
      // gRPC tells errors by a head that is the end too, and takes anything else for a call that broke off.
      response.statusCode = this.#status
      for (let i = 0; i < pairs.length; i += 2) response.appendHeader(pairs[i] as string, pairs[i + 1] as string)
      response.end()
      return
    }
    const writable = response as ServerResponse
    writable.writeHead(this.#status, pairs)
    if (isWhole) writable.end()
    else writable.flushHeaders()
  }

  #headers(): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = {
      ":method": this.#request.method,
      ":path": this.#request.url,
      ":authority": this.#head.host,
      // gRPC servers refuse a request without it; the client has sent it, for this hop.
      te: "trailers",
    }
    const pairs = this.#head.headers
    for (let i = 0; i < pairs.length; i += 2) {
      const name = (pairs[i] as string).toLowerCase()
      if (name === "host") continue
      const before = headers[name]
      const value = pairs[i + 1] as string
      headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value]
    }
    return headers
  }

  #end(status: number): void {
    if (!this.open) return
    this.#limits?.stop()
    this.record?.ended(this.#status || status)
    this.backend?.finish(this, status)
    if (!this.#stream?.readableEnded) this.#stream?.close()
  }
}
