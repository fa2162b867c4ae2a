import type { ServerResponse } from "node:http"
import { constants, type Http2ServerResponse } from "node:http2"

/** When a refused client may try again, in seconds: the queue has moved on by then. */
export const retrySeconds = 1

/** An answer of the gateway's own, in plain text. */
export interface OwnAnswer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers in place of the application. */
export function refuseWith(
  response: ServerResponse | Http2ServerResponse,
  status: number,
  text: string,
  retryAfterSeconds = retrySeconds,
): void {
  const headers = { "retry-after": String(retryAfterSeconds) }
  answerWith(response, { status, body: `${text}\n`, ...(status === 503 && { headers }) })
}

export function answerWith(response: ServerResponse | Http2ServerResponse, { status, body, headers }: OwnAnswer): void {
  // The rest of a body that nobody will read would be taken for the next request.
  if (status === 400 && "shouldKeepAlive" in response) response.shouldKeepAlive = false
  const writable = response as ServerResponse
  writable.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    "x-content-type-options": "nosniff",
    ...headers,
  })
  writable.end(body)
}

/** Ends an answer that has begun so that its client cannot take it for whole. */
export function cutOff(response: ServerResponse | Http2ServerResponse): void {
  // Destroying a stream of HTTP/2 would end it in good order.
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}
