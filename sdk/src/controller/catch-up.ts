import type { Clock } from "../clock/index.ts"
import { compareVersions } from "./cache.ts"

/** How long the watch is given to bring the present before the state is listed instead. */
const progressMsMax = 5

export interface CatchUpSource {
  /** The server's present version, cheaply. */
  present(): Promise<string>
  /** The version that the cache is at. */
  seen(): string
  /** Lists the whole state into the cache. */
  merge(): Promise<void>
}

/**
 * Brings a cache up to the server's present. The version of the present may be that of another kind's write, for
 * which the watch brings nothing until the next bookmark: then the state is listed and merged. Many callers share one
 * round: those that come while one is under way share the next, since theirs must begin after they asked.
 */
export class CatchUp {
  readonly #clock: Clock
  readonly #source: CatchUpSource
  readonly #waiting = new Set<() => void>()
  #current: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(clock: Clock, source: CatchUpSource) {
    this.#clock = clock
    this.#source = source
  }

  /** The cache has moved on. */
  progressed(): void {
    for (const wake of this.#waiting) wake()
  }

  wait(signal?: AbortSignal): Promise<void> {
    const round = this.#join()
    if (!signal) return round
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const abort = (): void => reject(signal.reason)
      signal.addEventListener("abort", abort, { once: true })
      round.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
    })
  }

  #join(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#round().finally(() => {
        this.#current = undefined
      })
      return this.#current
    }
    this.#next ??= this.#current
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#join()
      })
    return this.#next
  }

  async #round(): Promise<void> {
    const present = await this.#source.present()
    if (compareVersions(this.#source.seen(), present) >= 0) return
    if (await this.#reached(present)) return
    await this.#source.merge()
  }

  #reached(version: string): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (reached: boolean): void => {
        timer.cancel()
        this.#waiting.delete(look)
        resolve(reached)
      }
      const look = (): void => {
        if (compareVersions(this.#source.seen(), version) >= 0) finish(true)
      }
      const timer = this.#clock.timer(progressMsMax, () => finish(false))
      this.#waiting.add(look)
    })
  }
}
