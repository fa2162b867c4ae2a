import type { ServerResponse } from "node:http"
import { constants, type Http2ServerResponse } from "node:http2"

/** Seconds after which a refused client may try again: the queue has moved on by then. */
const retryAfterSeconds = "1"

/** Answers in place of the application, in plain text. */
export function refuseWith(response: ServerResponse | Http2ServerResponse, status: number, text: string): void {
  const body = `${text}\n`
  const headers: Record<string, string> = {
    "content-type": "text/plain; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    "x-content-type-options": "nosniff",
  }
  if (status === 503) headers["retry-after"] = retryAfterSeconds
  // The rest of a body that nobody will read would be taken for the next request.
  if (status === 400 && "shouldKeepAlive" in response) response.shouldKeepAlive = false
  const writable = response as ServerResponse
  writable.writeHead(status, headers)
  writable.end(body)
}

/** Ends an answer that has begun so that its client cannot take it for whole. */
export function cutOff(response: ServerResponse | Http2ServerResponse): void {
  // Destroying a stream of HTTP/2 would end it in good order.
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}
