import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import { jsonResponse } from "../respond.ts"

/** `fetch` answers mistakes itself; what arrives here is a bug. */
export function answerTo(error: unknown, log: Log): Response {
  log.error("request failed", { error })
  return answerOf(new StatusError("InternalError", "an error on the server has prevented the request from succeeding"))
}

/** A request that is none. */
export function malformed(message: string): Response {
  return answerOf(new StatusError("BadRequest", message))
}

function answerOf(status: StatusError): Response {
  return jsonResponse(status.toStatus(), status.code)
}
