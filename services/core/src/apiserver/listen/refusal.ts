import type { ServerResponse } from "node:http"
import { constants, type Http2ServerResponse } from "node:http2"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { drain, type Incoming, type ReadBody } from "./body-limit.ts"
import type { Limits } from "./limits.ts"

export type Outgoing = ServerResponse | Http2ServerResponse

/** What the listener says itself, before anybody else has seen the request. */
export type Refusal = Exclude<ReadBody["kind"], "whole" | "broken off"> | "large header"

const requestTimeout = 408
const headerFieldsTooLarge = 431

/**
 * Says no after the rest of a large body has come in and gone: most clients listen only when they have sent everything, and
 * would see a broken connection instead of the reason. What comes after the limit of patience is cut off.
 */
export async function refuse(kind: Refusal, limits: Limits, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  // Whoever asks before sending has sent nothing yet, and need not; who is late has been waited for long enough.
  const isDrained = kind !== "too slow" && incoming.headers.expect === undefined && (await drain(incoming))
  const status = statusOf(kind, limits)
  outgoing.statusCode = status.code
  outgoing.setHeader("Content-Type", "application/json")
  const retry = status.details?.retryAfterSeconds
  if (retry !== undefined) outgoing.setHeader("Retry-After", String(retry))
  // What is left of the body is not read, so nothing can follow it.
  if (!isDrained && incoming.httpVersionMajor === 1) outgoing.setHeader("Connection", "close")
  if (!isDrained && "stream" in outgoing) {
    const { stream } = outgoing
    stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR))
  }
  outgoing.end(JSON.stringify(status.toStatus()))
}

function statusOf(kind: Refusal, { bodyBytesMax, bodyMsMax, headerBytesMax }: Limits): StatusError {
  switch (kind) {
    case "too large":
      return new StatusError("RequestEntityTooLarge", `Request entity too large: limit is ${bodyBytesMax}`)
    case "no room":
      return new StatusError("TooManyRequests", "Too many requests, please try again later.", { retryAfterSeconds: 1 })
    case "too slow": {
      const message = `Timeout: the body of the request did not arrive within ${bodyMsMax / 1_000} seconds`
      return new StatusError("Timeout", message, undefined, requestTimeout)
    }
    case "large header": {
      const message = `the header of the request is too large: limit is ${headerBytesMax}`
      return new StatusError("BadRequest", message, undefined, headerFieldsTooLarge)
    }
  }
}
