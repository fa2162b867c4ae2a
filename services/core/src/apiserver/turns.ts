import { setImmediate } from "node:timers/promises"

/**
 * Pieces of work of some milliseconds, one in each round of the event loop: a hundred that come at once let everything
 * small pass between them, instead of standing together before all that comes later.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  take(): Promise<void> {
    this.#last = this.#last.then(() => setImmediate())
    return this.#last
  }
}
