import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream as NodeStream } from "node:stream/web"
import type { StatusError } from "@wick/sdk/api/meta/status-error"
import { LightRequest } from "../light-request.ts"
import { type Push, pushOf } from "../push-response.ts"
import { wholeBodyOf } from "../whole-body.ts"
import { type BodyReader, type BodyReceiver, type BodySource, noBody } from "./body-limit.ts"
import { answerTo, malformed } from "./fault.ts"
import type { ListenOptions } from "./index.ts"
import type { Limits } from "./limits.ts"
import { mindRest, type OutletStalls, openOutlet } from "./outlet.ts"
import { peerOf } from "./peer.ts"
import { type Refusable, refuse } from "./refusal.ts"
import { requestUrl } from "./request-url.ts"

/** Serves connections of HTTP/1.1 that somebody else has accepted: each is given to it as its `connection`. */
export function serveHttp1(
  { fetch, upgrade, log }: ListenOptions,
  limits: Limits,
  bodies: BodyReader,
  stalls: OutletStalls,
): Server {
  const server = createServer({
    headersTimeout: limits.headersMsMax,
    keepAliveTimeout: limits.idleMsMax,
    connectionsCheckingInterval: limits.lateEveryMs,
    maxHeaderSize: limits.headerBytesMax,
  })
  const fetched = async (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<Response> => {
    const { method = "GET", socket } = incoming
    const url = urlOf(incoming)
    if (url === undefined) return malformed("the request's host and path make no URL")
    const request = new LightRequest({ method, url, headers: headersOf(incoming), body })
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) request.abort(new Error("the client left before it had its answer"))
    })
    return fetch(request as unknown as Request, peerOf(socket))
  }
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer = noBody): Promise<void> => {
    try {
      const response = await fetched(incoming, outgoing, body).catch((error: unknown) => answerTo(error, log))
      await send(response, outgoing, stalls)
      mindRest(outgoing, stalls)
    } catch (error) {
      log.debug("an answer broke off", { error })
      outgoing.destroy()
    }
  }
  server.on("request", async (incoming, outgoing) => {
    if (!hasBody(incoming)) return answer(incoming, outgoing)
    const body = new IncomingBody(incoming)
    const read = await bodies.read(body)
    if (read.kind === "whole") return answer(incoming, outgoing, read.bytes)
    if (read.kind !== "broken off") return refuse(read.kind, limits, refusable(body, incoming, outgoing))
  })
  server.on("upgrade", (request, socket, head) => {
    // Without a listener a client that goes away mid-upgrade would end the process.
    socket.on("error", (error) => log.debug("upgraded connection failed", { error: error.message }))
    upgrade(request, socket, head, peerOf(socket))
  })
  // It looks for connections that are late from when it listens, which here is done for it.
  server.emit("listening")
  return server
}

function hasBody({ method, headers }: IncomingMessage): boolean {
  return method !== "GET" && method !== "HEAD" && headers["content-length"] !== "0"
}

/** What a proxy would be sent is understood too. */
function urlOf({ url = "", headers }: IncomingMessage): string | undefined {
  if (!/^https?:/i.test(url)) return requestUrl(headers.host ?? "", url)
  return URL.canParse(url) ? new URL(url).href : undefined
}

function headersOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text))
}

async function send(response: Response, outgoing: ServerResponse, stalls: OutletStalls): Promise<void> {
  const { status, headers } = response
  const whole = wholeBodyOf(response)
  if (whole !== undefined) {
    const length = Buffer.byteLength(whole)
    outgoing.writeHead(status, { "content-length": length, ...Object.fromEntries(headers) }).end(whole)
    return
  }
  const push = pushOf(response)
  if (push) return pushTo(push, response, outgoing, stalls)
  outgoing.writeHead(status, [...headers].flat())
  if (!response.body || outgoing.req.method === "HEAD") {
    outgoing.end()
    await response.body?.cancel()
    return
  }
  outgoing.flushHeaders()
  await pipeline(Readable.fromWeb(response.body as NodeStream<Uint8Array>), outgoing)
}

/** A body that is pushed goes straight to its connection. */
function pushTo(push: Push, response: Response, outgoing: ServerResponse, stalls: OutletStalls): void {
  const stop = push(openOutlet(response, outgoing, stalls))
  if (outgoing.destroyed || outgoing.closed) stop()
  else outgoing.once("close", stop)
}

class IncomingBody implements BodySource {
  readonly announcedBytes: number
  readonly #incoming: IncomingMessage
  #receiver: BodyReceiver | undefined

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming
    this.announcedBytes = Number(incoming.headers["content-length"] ?? 0)
  }

  receive(receiver: BodyReceiver | undefined): void {
    const incoming = this.#incoming
    const { onData, onEnd, onClose } = this.#receiver ?? {}
    if (onData && onEnd && onClose) incoming.off("data", onData).off("end", onEnd).off("close", onClose)
    this.#receiver = receiver
    if (!receiver) incoming.pause()
    else incoming.on("data", receiver.onData).on("end", receiver.onEnd).on("close", receiver.onClose).resume()
  }
}

function refusable(body: BodySource, { headers }: IncomingMessage, outgoing: ServerResponse): Refusable {
  return {
    body,
    expectsConsent: headers.expect !== undefined,
    answer: (status: StatusError, isDrained: boolean) => {
      outgoing.statusCode = status.code
      outgoing.setHeader("Content-Type", "application/json")
      const retry = status.details?.retryAfterSeconds
      if (retry !== undefined) outgoing.setHeader("Retry-After", String(retry))
      // What is left of the body is not read, so nothing can follow it.
      if (!isDrained) outgoing.setHeader("Connection", "close")
      outgoing.end(JSON.stringify(status.toStatus()))
    },
  }
}
