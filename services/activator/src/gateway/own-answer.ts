import { STATUS_CODES } from "node:http"
import { constants, type Http2ServerResponse } from "node:http2"
import type { Duplex } from "node:stream"
import { fieldText } from "../http1/head.ts"
import type { ServerResponse } from "../http1/server-response.ts"

/** An answer of the gateway's own, in plain text. */
export interface OwnAnswer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** When a refused client may try again: the queue has moved on by then. */
const retrySeconds = 1

export function plain(status: number, text: string, retryAfterSeconds = retrySeconds): OwnAnswer {
  const headers = { "retry-after": String(retryAfterSeconds) }
  return { status, body: `${text}\n`, ...(status === 503 && { headers }) }
}

/** The same place behind TLS. */
export function toHttps(host: string, port: number, path: string): OwnAnswer {
  const name = host.replace(/:\d+$/, "") + (port === 443 ? "" : `:${port}`)
  return { status: 301, body: "", headers: { location: `https://${name}${path}` } }
}

/** Answers in place of the application. */
export function refuseWith(
  response: ServerResponse | Http2ServerResponse,
  status: number,
  text: string,
  retryAfterSeconds?: number,
): void {
  answerWith(response, plain(status, text, retryAfterSeconds))
}

export function answerWith(response: ServerResponse | Http2ServerResponse, answer: OwnAnswer): void {
  // The rest of a body that nobody will read would be taken for the next request.
  if (answer.status === 400 && "shouldKeepAlive" in response) response.shouldKeepAlive = false
  const writable = response as ServerResponse
  writable.writeHead(answer.status, headersOf(answer))
  writable.end(answer.body)
}

/** Where there is no response object, for an upgrade or what was no request, the answer is written by hand. */
export function answerSocket(socket: Duplex, answer: OwnAnswer): void {
  const reason = STATUS_CODES[answer.status] ?? ""
  const lines = fieldText([...headersOf(answer), "connection", "close"])
  socket.end(`HTTP/1.1 ${answer.status} ${reason}\r\n${lines}\r\n${answer.body}`)
}

/**
 * Ends an answer that has begun when its revision's time is up, as Knative does: in good order, the reason behind what has
 * come so far. Where nothing may follow (a length was promised, gRPC's messages are counted) or nobody reads, it is cut off.
 */
export function endInTime(response: ServerResponse | Http2ServerResponse, text: string, mayGrow: boolean): void {
  const writable = response as ServerResponse
  if (mayGrow && writable.writableLength === 0) writable.end(text)
  else cutOff(response)
}

/** Ends an answer that has begun so that its client cannot take it for whole. */
export function cutOff(response: ServerResponse | Http2ServerResponse): void {
  // Destroying a stream of HTTP/2 would end it in good order.
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

/** Names and values in turn. */
function headersOf({ body, headers = {} }: OwnAnswer): string[] {
  return [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(body)),
    "x-content-type-options",
    "nosniff",
    ...Object.entries(headers).flat(),
  ]
}
