import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"

/** `fetch` answers mistakes itself; what arrives here is a request that is none, or a bug. */
export function answerTo(error: unknown, log: Log): Response {
  const malformed = error instanceof Error && error.name === "RequestError"
  if (!malformed) log.error("request failed", { error })
  const status = malformed
    ? new StatusError("BadRequest", error.message)
    : new StatusError("InternalError", "an error on the server has prevented the request from succeeding")
  return Response.json(status.toStatus(), { status: status.code })
}
