import type { Clock, Timer } from "../clock/index.ts"

/** One stretch of leading: from when the right to it was won until it is lost or given back. */
export interface LeadershipTerm {
  /** Aborts when the term is over. */
  readonly signal: AbortSignal
  /**
   * Whether we lead at this very moment, by the clock and not by a timer: a process that stood still for a while and goes
   * on finds out here, before its timers have told it.
   */
  isValid(): boolean
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
    return this.#untilMs === undefined || this.#clock.monotonic() < this.#untilMs
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
