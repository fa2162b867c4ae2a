import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { getRequestListener } from "@hono/node-server"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { StatusError } from "@wick/sdk/api/meta/status-error"
import { type Push, pushOf } from "../push-response.ts"
import type { BodyReader, BodyReceiver, BodySource } from "./body-limit.ts"
import { answerTo } from "./fault.ts"
import type { ListenOptions } from "./index.ts"
import type { Limits } from "./limits.ts"
import { mindRest, openOutlet, type Stalls } from "./outlet.ts"
import { peerOf } from "./peer.ts"
import { type Refusable, refuse } from "./refusal.ts"

/** Serves connections of HTTP/1.1 that somebody else has accepted: each is given to it as its `connection`. */
export function serveHttp1(
  { fetch, upgrade, log }: ListenOptions,
  limits: Limits,
  bodies: BodyReader,
  stalls: Stalls,
): Server {
  const server = createServer({
    headersTimeout: limits.headersMsMax,
    keepAliveTimeout: limits.idleMsMax,
    connectionsCheckingInterval: limits.lateEveryMs,
    maxHeaderSize: limits.headerBytesMax,
  })
  const listener = getRequestListener(
    async (request, { outgoing, incoming }) => {
      const response = await fetch(request, peerOf(incoming.socket))
      const push = pushOf(response)
      return push ? pushTo(push, response, outgoing as ServerResponse, stalls) : response
    },
    { errorHandler: (error) => answerTo(error, log) },
  )
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    await listener(incoming, outgoing)
    mindRest(outgoing, stalls)
  }
  server.on("request", async (incoming, outgoing) => {
    if (!hasBody(incoming)) return answer(incoming, outgoing)
    const body = new IncomingBody(incoming)
    const read = await bodies.read(body)
    if (read.kind === "whole") return answer(Object.assign(incoming, { rawBody: read.bytes }), outgoing)
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

/** A body that is pushed goes straight to its connection; the listener has nothing left to send. */
function pushTo(push: Push, response: Response, outgoing: ServerResponse, stalls: Stalls): Response {
  const stop = push(openOutlet(response, outgoing, stalls))
  if (outgoing.destroyed || outgoing.closed) stop()
  else outgoing.once("close", stop)
  return RESPONSE_ALREADY_SENT
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
