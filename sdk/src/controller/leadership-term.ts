import type { FetchWrapper } from "../client/compose.ts"
import type { Clock, Timer } from "../clock/index.ts"

/** One stretch of leading: from when the right to it was won until it is lost or given back. */
export interface LeadershipTerm {
  /** Aborts when the term is over. */
  readonly signal: AbortSignal
  /**
   * Whether we lead at this very moment, by the clock and not by a timer: a process that stood still for a while and goes
   * on finds out here, before its timers have told it. What was found to be over stays over, though the right to it should be
   * prolonged after all: whoever was told so has left work undone, and looks again in the next term.
   */
  isValid(): boolean
}

/** A write was not sent, because the term in which it was thought of is over. */
export class NotLeadingError extends Error {
  override name = "NotLeadingError"
}

/**
 * Lets writes through only while the term is valid. What a leader thought of before it stood still is not carried out
 * after another took its place; what is under way at that moment meets the object's version, as everywhere.
 */
export function fence(term: Pick<LeadershipTerm, "isValid">): FetchWrapper {
  return (next) => (request) => {
    const reads = request.method === "GET" || request.method === "HEAD"
    if (reads || term.isValid()) return next(request)
    return Promise.reject(
      new NotLeadingError(`${request.method} ${new URL(request.url).pathname}: not leading any more`),
    )
  }
}

/** Resolves when the term is over. */
export function overOf({ signal }: Pick<LeadershipTerm, "signal">): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
}

/** A term that ends by itself unless its right is prolonged in time. */
export class RunningTerm implements LeadershipTerm {
  readonly #clock: Clock
  readonly #abort = new AbortController()
  #untilMs: number | undefined
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  isValid(): boolean {
    if (this.signal.aborted) return false
    if (this.#untilMs === undefined || this.#clock.monotonic() < this.#untilMs) return true
    this.end()
    return false
  }

  /** Good until this moment of the clock; undefined: until it is ended. */
  prolong(untilMs: number | undefined): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#untilMs = untilMs
    if (untilMs === undefined || this.signal.aborted) return
    this.#timer = this.#clock.timer(Math.max(0, untilMs - this.#clock.monotonic()), () => this.end())
  }

  end(): void {
    this.#timer?.cancel()
    this.#abort.abort()
  }
}
