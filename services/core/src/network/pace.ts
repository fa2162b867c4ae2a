/**
 * How soon one thing may follow another: some at once, and then one in a while. A rule without a clock.
 *
 *     4 at once, one more every 500 ms:   ▌▌▌▌     ▌     ▌     ▌
 */
export class Pace {
  readonly #atOnce: number
  readonly #refillMs: number
  /** Turns, and a part of the next one. */
  #left: number
  #countedMs = 0

  constructor(atOnce: number, refillMs: number) {
    this.#atOnce = atOnce
    this.#refillMs = refillMs
    this.#left = atOnce
  }

  /** How long to wait until a turn is there. */
  waitMs(nowMs: number): number {
    this.#count(nowMs)
    return Math.max(0, (1 - this.#left) * this.#refillMs)
  }

  /** Takes a turn, whether or not there is one: who cannot wait takes what there is of the next one. */
  take(nowMs: number): void {
    this.#count(nowMs)
    this.#left = Math.max(0, this.#left - 1)
  }

  #count(nowMs: number): void {
    this.#left = Math.min(this.#atOnce, this.#left + (nowMs - this.#countedMs) / this.#refillMs)
    this.#countedMs = nowMs
  }
}
