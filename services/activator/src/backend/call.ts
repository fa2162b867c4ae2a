import type { ColdStart } from "../metrics/cold-start.ts"
import type { Measured } from "../metrics/request-series.ts"
import type { Backend } from "./backend.ts"
import type { Deadlined } from "./deadline-queue.ts"
import type { Pod } from "./pod.ts"
import type { Protocol } from "./protocol-finder.ts"
import type { InLine } from "./wait-line.ts"

/** What is written down of a call while requests are logged. */
export interface CallRecord {
  /** The last pod that had the call. */
  pod: Pod | undefined
  bodyBytes: number
  /** 0 when the client left before there was an answer. */
  ended(status: number): void
}

/** Is told of a call's way while it is traced. */
export interface CallTrace {
  readonly traceId: string
  /** Context of the call's wait, for whoever is asked for a pod; undefined while it has one. */
  readonly cause: string | undefined
  /** Context of the call itself, whether it waits or not. */
  readonly context: string
  /** About to be sent to the pod. */
  given(pod: Pod): void
  /** The pod did not serve it: it waits again. */
  lost(why: string): void
  /** 0: the client left. */
  ended(status: number): void
}

/**
 * One request on its way through, whatever its protocol.
 *
 *     admitted ──▶ waiting ──▶ in a pod ──▶ done
 *         └──────────────────▲    │
 *                     ▲──────────┘  the pod vanished before the request was sent
 *
 * `backend.admit` starts it, `begin` is called with a pod, and whoever ends it (answer complete, client gone, deadline)
 * calls `backend.finish` exactly once. Links of the queues that a call can stand in are fields of it, so that passing
 * through allocates nothing beside the call itself.
 */
export abstract class Call implements InLine<Call>, Deadlined<Call>, Measured {
  lineBefore: Call | undefined = undefined
  lineAfter: Call | undefined = undefined
  inLine = false
  deadlineBefore: Call | undefined = undefined
  deadlineAfter: Call | undefined = undefined
  deadlineMs = 0
  /** Set while a slot of this pod is held. */
  pod: Pod | undefined = undefined
  backend: Backend | undefined = undefined
  startedMs = 0
  /** When a pod was found: what came before was waiting. */
  begunMs = 0
  /** Pods that could not be reached for this call. */
  attempts = 0
  record: CallRecord | undefined = undefined
  trace: CallTrace | undefined = undefined
  method = ""
  version = 1
  tag = ""
  requestBytes = 0
  answerBytes = 0
  /** Set where its answer ends a start from zero, until that begins. */
  cold: ColdStart | undefined = undefined
  /** Whether it is still under way: `finish` was not called. */
  open = true

  /**
   * Whether it may be sent once more though the first pod may have read it: safe methods without a body, once. RFC 9110
   * §9.2.2 lets a proxy repeat these; a connection that a pod closes while a request is on its way is the usual reason.
   */
  replayed = false

  /** The call that goes on in this one's place, where it came before it was known what its application speaks. */
  speaking(_protocol: Protocol): Call {
    return this
  }

  /** Goes on where `before` has come to, which ends without being finished. */
  continue(before: Call): this {
    this.backend = before.backend
    this.startedMs = before.startedMs
    this.attempts = before.attempts
    this.replayed = before.replayed
    this.record = before.record
    this.trace = before.trace
    this.tag = before.tag
    before.open = false
    return this
  }

  /** A slot of `pod` is held: send the request there. Must not throw. */
  abstract begin(pod: Pod): void
  /** Answers the client in place of the application, or cuts the answer off where it has begun. */
  abstract refuse(status: number, text: string, retryAfterSeconds?: number): void
}
