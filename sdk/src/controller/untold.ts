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
  readonly #news = new Map<string, News>()

  constructor(clock: Pick<Clock, "monotonic">, msMax: number) {
    this.#clock = clock
    this.#msMax = msMax
  }

  /** How long the news of `key` may still wait; 0 or less when it has waited long enough. */
  leftMs(key: string): number {
    const nowMs = this.#clock.monotonic()
    const news = this.#news.get(key) ?? { sinceMs: nowMs, others: 0 }
    this.#news.set(key, news)
    news.others = Math.max(news.others, this.#news.size - 1)
    return news.sinceMs + this.#msMax + Math.min(othersMsMax, news.others * msPerOther) - nowMs
  }

  /** All there is to tell of `key` is told, or it is gone. */
  forget(key: string): void {
    this.#news.delete(key)
  }
}

interface News {
  readonly sinceMs: number
  /** The most that were seen beside it: who comes last may have to wait for all of them. */
  others: number
}
