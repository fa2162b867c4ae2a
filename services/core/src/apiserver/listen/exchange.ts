import type { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import { errorCode, type ServerStream, type StreamHandlers } from "#http2"
import { LightRequest } from "../light-request.ts"
import { pushOf } from "../push-response.ts"
import { wholeBodyOf } from "../whole-body.ts"
import type { AnswerHeads } from "./answer-head.ts"
import { type BodyReader, type BodyReceiver, type BodySource, noBody } from "./body-limit.ts"
import { answerTo, malformed } from "./fault.ts"
import type { Limits } from "./limits.ts"
import type { Peer } from "./peer.ts"
import { type Refusable, type Refusal, refuse } from "./refusal.ts"
import { requestUrl } from "./request-url.ts"
import { StreamOutlet } from "./stream-outlet.ts"

/** What all exchanges of a listener have in common. */
export interface ExchangeHost {
  readonly fetch: (request: Request, peer: Peer) => Promise<Response>
  readonly limits: Limits
  readonly bodies: BodyReader
  readonly heads: AnswerHeads
  readonly log: Log
}

/**
 * One request over HTTP/2 and its answer: its body is read, it is fetched, the answer is written as the stream takes it. A
 * client that leaves before it has all of the answer aborts the request's signal.
 */
export class Exchange implements StreamHandlers, BodySource, Refusable {
  readonly announcedBytes: number
  readonly #host: ExchangeHost
  readonly #stream: ServerStream
  readonly #peer: Peer
  #receiver: BodyReceiver | undefined
  #request: LightRequest | undefined
  #outlet: StreamOutlet | undefined
  #stop: (() => void) | undefined
  #isWritten = false

  constructor(host: ExchangeHost, stream: ServerStream, peer: Peer) {
    this.#host = host
    this.#stream = stream
    this.#peer = peer
    this.announcedBytes = stream.endsAtHead ? 0 : Number(this.#header("content-length") ?? 0)
    stream.handlers = this
  }

  get body(): BodySource {
    return this
  }

  get expectsConsent(): boolean {
    return this.#header("expect") !== undefined
  }

  begin(): void {
    const { method, endsAtHead } = this.#stream
    if (endsAtHead || method === "GET" || method === "HEAD") void this.#answer(noBody)
    else void this.#read()
  }

  /** Says no before anybody else has seen the request. */
  refuse(kind: Refusal): void {
    void refuse(kind, this.#host.limits, this)
  }

  receive(receiver: BodyReceiver | undefined): void {
    this.#receiver = receiver
    if (receiver) this.#stream.resume()
    else this.#stream.pause()
    if (this.#stream.isClosed) receiver?.onClose()
    else if (this.#stream.endsAtHead) receiver?.onEnd()
  }

  onData(bytes: Buffer): void {
    this.#receiver?.onData(bytes)
  }

  onEnd(): void {
    this.#receiver?.onEnd()
  }

  onDrained(): void {
    this.#outlet?.drained()
  }

  onClose(): void {
    this.#receiver?.onClose()
    this.#stop?.()
    if (!this.#isWritten) this.#request?.abort(new Error("the client left before it had its answer"))
  }

  answer(status: StatusError, isDrained: boolean): void {
    const retry = status.details?.retryAfterSeconds
    const headers = new Headers({ "content-type": "application/json" })
    if (retry !== undefined) headers.set("retry-after", String(retry))
    this.#writeWhole({ status: status.code, headers }, JSON.stringify(status.toStatus()))
    // What is left of the body is not read.
    if (!isDrained) this.#stream.refuseRest()
  }

  #header(name: string): string | undefined {
    const { headers } = this.#stream
    for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1]
    return undefined
  }

  async #read(): Promise<void> {
    const { bodies } = this.#host
    const read = await bodies.read(this)
    if (read.kind === "whole") return this.#answer(read.bytes)
    if (read.kind !== "broken off") this.refuse(read.kind)
  }

  async #answer(body: Buffer): Promise<void> {
    try {
      await this.#write(await this.#fetched(body))
    } catch (error) {
      this.#host.log.debug("an answer broke off", { error })
      this.#stream.reset(errorCode.internalError)
    }
  }

  async #fetched(body: Buffer): Promise<Response> {
    const { method, path, headers } = this.#stream
    const url = requestUrl(this.#stream.authority || (this.#header("host") ?? ""), path)
    if (url === undefined) return malformed("the request's host and path make no URL")
    this.#request = new LightRequest({ method, url, headers, body })
    try {
      return await this.#host.fetch(this.#request as unknown as Request, this.#peer)
    } catch (error) {
      return answerTo(error, this.#host.log)
    }
  }

  async #write(response: Response): Promise<void> {
    const stream = this.#stream
    const whole = wholeBodyOf(response)
    if (whole !== undefined) return this.#writeWhole(response, whole)
    const push = pushOf(response)
    const { heads } = this.#host
    const isHead = stream.method === "HEAD"
    const body = push || isHead ? undefined : response.body
    if (isHead || (!push && !body) || stream.isClosed) {
      this.#isWritten = true
      stream.respond(heads.of(response), true)
      if (!push) await response.body?.cancel()
      return
    }
    // The client learns that it watches before there is anything to see.
    stream.respond(heads.of(response))
    this.#outlet = new StreamOutlet(stream)
    if (push) this.#pushed(push(this.#outlet))
    else if (body) await this.#pump(body.getReader(), this.#outlet)
  }

  #writeWhole(response: Pick<Response, "status" | "headers">, body: string | Uint8Array): void {
    const stream = this.#stream
    const bytes = typeof body === "string" ? Buffer.from(body) : body
    const isBare = stream.method === "HEAD" || bytes.byteLength === 0
    this.#isWritten = true
    stream.respond(this.#host.heads.of(response, bytes.byteLength), isBare)
    if (isBare) return
    stream.write(bytes)
    stream.end()
  }

  #pushed(stop: () => void): void {
    if (this.#stream.isClosed) stop()
    else this.#stop = stop
  }

  /** A body that somebody else makes, as fast as the client reads. */
  async #pump(reader: ReadableStreamDefaultReader<Uint8Array>, outlet: StreamOutlet): Promise<void> {
    const gone = Promise.withResolvers<undefined>()
    this.#pushed(() => {
      gone.resolve(undefined)
      reader.cancel().catch(() => {})
    })
    for (;;) {
      const { done, value } = await reader.read()
      if (this.#stream.isClosed) return
      if (done) break
      if (outlet.write(value)) continue
      await Promise.race([new Promise<void>((resolve) => outlet.onDrained(resolve)), gone.promise])
    }
    this.#isWritten = true
    outlet.end()
  }
}
