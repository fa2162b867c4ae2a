import type { Clock } from "../clock/index.ts"

/** Where much comes to be at once all of it takes longer: so much longer may each one take for each of the others, and for all of them. */
const msPerOther = 100
const othersMsMax = 10_000

/**
 * Since when there is news of an object that nobody was told of. Most steps of what comes to be take some milliseconds, and
 * each one told is a write that wakes all who watch: what is over within `msMax`, and a little more for each other that came
 * to be beside it, is not told on the way.
 */
export class Untold {
  readonly #clock: Pick<Clock, "monotonic">
  readonly #msMax: number
  readonly #sinceMs = new Map<string, number>()
  /** The most that there was news of at a time since there was news of none: the last of many waits for all the others. */
  #crowd = 0

  constructor(clock: Pick<Clock, "monotonic">, msMax: number) {
    this.#clock = clock
    this.#msMax = msMax
  }

  /** How long the news of `key` may still wait; 0 or less when it has waited long enough. */
  leftMs(key: string): number {
    const nowMs = this.#clock.monotonic()
    const sinceMs = this.#sinceMs.get(key) ?? nowMs
    this.#sinceMs.set(key, sinceMs)
    this.#crowd = Math.max(this.#crowd, this.#sinceMs.size)
    const othersMs = Math.min(othersMsMax, (this.#crowd - 1) * msPerOther)
    return sinceMs + this.#msMax + othersMs - nowMs
  }

  /** All there is to tell of `key` is told, or it is gone. */
  forget(key: string): void {
    this.#sinceMs.delete(key)
    if (this.#sinceMs.size === 0) this.#crowd = 0
  }
}
