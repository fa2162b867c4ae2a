import type { Clock, Timer } from "@wick/sdk/clock"

/** Longest wait at once: timers of the platform hold 2^31 ms. Waking once a day costs nothing. */
const waitMaxMs = 24 * 60 * 60 * 1000

/** Store time on a leader: goes on from the time that the state machine had when it began to lead. */
export class StoreTime {
  readonly #clock: Clock
  readonly #offsetMs: number

  constructor(clock: Clock, fromMs: number) {
    this.#clock = clock
    this.#offsetMs = fromMs - clock.monotonic()
  }

  now(): number {
    return Math.floor(this.#clock.monotonic() + this.#offsetMs)
  }
}

/**
 * Rings when a lease is over: one timer for the earliest deadline, none when there is no lease. The leader has one; it
 * answers the ring by proposing `expire`.
 */
export class LeaseAlarm {
  readonly #clock: Clock
  readonly #time: StoreTime
  readonly #ring: () => void
  #setForMs: number | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, time: StoreTime, ring: () => void) {
    this.#clock = clock
    this.#time = time
    this.#ring = ring
  }

  /** To be called whenever the deadline may have changed. */
  set(deadlineMs: number | undefined): void {
    if (deadlineMs === this.#setForMs) return
    this.#timer?.cancel()
    this.#setForMs = deadlineMs
    if (deadlineMs !== undefined) this.#wait(deadlineMs)
  }

  stop(): void {
    this.set(undefined)
  }

  #wait(deadlineMs: number): void {
    const leftMs = deadlineMs - this.#time.now()
    this.#timer = this.#clock.timer(Math.min(Math.max(leftMs, 0), waitMaxMs), () => {
      if (this.#time.now() < deadlineMs) return this.#wait(deadlineMs)
      this.#setForMs = undefined
      this.#ring()
    })
  }
}
