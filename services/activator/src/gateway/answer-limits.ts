import type { Clock, Timer } from "@wick/sdk/clock"
import type { RevisionSpec } from "../backend/revision-spec.ts"

/**
 * The revision's limits on an answer, beside that on the whole request: how long until it begins, and how long between
 * two of the application's bytes. One object per attempt, and only for revisions that set such a limit.
 */
export class AnswerLimits {
  readonly #clock: Clock
  #start: Timer | undefined = undefined
  #idle: Timer | undefined = undefined
  #wroteMs = 0

  /** Undefined where the revision sets neither limit: most requests then pay nothing. */
  static of(spec: RevisionSpec, clock: Clock, expired: () => void): AnswerLimits | undefined {
    if (spec.responseStartTimeoutMs === 0 && spec.idleTimeoutMs === 0) return undefined
    return new AnswerLimits(spec, clock, expired)
  }

  private constructor(spec: RevisionSpec, clock: Clock, expired: () => void) {
    this.#clock = clock
    if (spec.responseStartTimeoutMs > 0) this.#start = clock.timer(spec.responseStartTimeoutMs, expired)
    if (spec.idleTimeoutMs > 0) this.#limitIdle(spec.idleTimeoutMs, expired)
  }

  /** The application has written something: the answer's head, or a part of its body. */
  wrote(): void {
    if (this.#start !== undefined) {
      this.#start.cancel()
      this.#start = undefined
    }
    if (this.#idle !== undefined) this.#wroteMs = this.#clock.monotonic()
  }

  stop(): void {
    this.#start?.cancel()
    this.#idle?.cancel()
    this.#start = undefined
    this.#idle = undefined
  }

  /** Looks again when the limit could have been reached since the last byte: a byte then costs no timer. */
  #limitIdle(ms: number, expired: () => void): void {
    this.#wroteMs = this.#clock.monotonic()
    const look = (): void => {
      const left = this.#wroteMs + ms - this.#clock.monotonic()
      if (left <= 0) expired()
      else this.#idle = this.#clock.timer(left, look)
    }
    this.#idle = this.#clock.timer(ms, look)
  }
}
