import { StatusError } from "@wick/sdk/api/meta/status-error"
import { type BodySource, drain, type ReadBody } from "./body-limit.ts"
import type { Limits } from "./limits.ts"

/** What the listener says itself, before anybody else has seen the request. */
export type Refusal = Exclude<ReadBody["kind"], "whole" | "broken off"> | "large header"

/** A request that is refused, whatever brought it. */
export interface Refusable {
  readonly body: BodySource
  /** It waits to hear that its body is wanted before it sends any. */
  readonly expectsConsent: boolean
  /** Unless the rest of its body has come in (`isDrained`), nothing more of it is read. */
  answer(status: StatusError, isDrained: boolean): void
}

const requestTimeout = 408
const headerFieldsTooLarge = 431

/**
 * Says no after the rest of a large body has come in and gone: most clients listen only when they have sent everything, and
 * would see a broken connection instead of the reason. What comes after the limit of patience is cut off.
 */
export async function refuse(kind: Refusal, limits: Limits, request: Refusable): Promise<void> {
  // Whoever asks before sending has sent nothing yet, and need not; who is late has been waited for long enough.
  const isDrained = kind !== "too slow" && !request.expectsConsent && (await drain(request.body))
  request.answer(statusOf(kind, limits), isDrained)
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
