import type { Clock } from "../clock/index.ts"

/**
 * Since when there is news of an object that nobody was told of. Most steps of what comes to be take some milliseconds, and
 * each one told is a write that wakes all who watch: what is over within `msMax` is not told on the way.
 */
export class Untold {
  readonly #clock: Pick<Clock, "monotonic">
  readonly #msMax: number
  readonly #sinceMs = new Map<string, number>()

  constructor(clock: Pick<Clock, "monotonic">, msMax: number) {
    this.#clock = clock
    this.#msMax = msMax
  }

  /** How long the news of `key` may still wait; 0 or less when it has waited long enough. */
  leftMs(key: string): number {
    const nowMs = this.#clock.monotonic()
    const sinceMs = this.#sinceMs.get(key) ?? nowMs
    this.#sinceMs.set(key, sinceMs)
    return sinceMs + this.#msMax - nowMs
  }

  /** All there is to tell of `key` is told, or it is gone. */
  forget(key: string): void {
    this.#sinceMs.delete(key)
  }
}
