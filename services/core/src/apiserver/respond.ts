import { type Status, StatusError } from "@wick/sdk/api"
import { pushParts, pushResponse } from "./push-response.ts"
import { wholeResponse } from "./whole-body.ts"

const json = { "content-type": "application/json" }

export function jsonResponse(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return wholeResponse(JSON.stringify(value), { status, headers: { ...json, ...headers } })
}

/** Bytes that are JSON already. */
export function bytesResponse(bytes: Uint8Array, status = 200): Response {
  const headers = { ...json, "content-length": String(bytes.byteLength) }
  return wholeResponse(bytes, { status, headers })
}

/** A body that is written part by part; of a length that is known, or not. */
export function partsResponse(parts: Iterator<Uint8Array>, length?: number, type = "application/json"): Response {
  const headers = { "content-type": type, ...(length !== undefined && { "content-length": String(length) }) }
  return pushResponse(pushParts(parts), { status: 200, headers })
}

/** Any error as a `Status`: the API's own no as it is, everything else as an InternalError without its inside. */
export function errorResponse(error: unknown): Response {
  const status = statusOf(error)
  const retry = status.details?.retryAfterSeconds
  return jsonResponse(status, status.code, retry === undefined ? {} : { "retry-after": String(retry) })
}

/** Any error as a `Status`. */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.toStatus()
  const named = (error as Error | undefined)?.name
  if (named === "NoSpaceError")
    return new StatusError(
      "InternalError",
      "the store has no space left on its disk; free some and try again",
      undefined,
      507,
    ).toStatus()
  if (named === "TooLargeError")
    return new StatusError("RequestEntityTooLarge", `Request entity too large: ${(error as Error).message}`).toStatus()
  if (named === "OverloadedError")
    return new StatusError("TooManyRequests", (error as Error).message, { retryAfterSeconds: 1 }).toStatus()
  if (named === "NotLeaderError" || named === "StoppedError")
    return new StatusError("ServiceUnavailable", "the store cannot be reached; try again").toStatus()
  if (named === "UnavailableError")
    return new StatusError(
      "Timeout",
      "the store did not answer in time; what was asked may have been done all the same",
    ).toStatus()
  if (named === "ClusterRefusalError" || named === "LearnerNotReadyError")
    return new StatusError("Conflict", (error as Error).message).toStatus()
  if (named === "CompactedError") return new StatusError("Expired", (error as Error).message).toStatus()
  return new StatusError("InternalError", "an internal error occurred; the server's log says more").toStatus()
}
