import type { Clock, Timer } from "@wick/sdk/clock"

/** An answer of which something waits. */
export interface Behind {
  /** Bytes that were written so far. */
  readonly written: number
  /** Bytes of them that wait here. */
  readonly unread: number
}

/** How often in the time that is allowed an answer is looked at: it is cut no later than this part of it. */
const checksPerStall = 4

/**
 * Finds the answers of a connection of which the client takes nothing: readers that have stopped, and half-open connections.
 * It looks only while something waits, so it costs nothing while all read.
 */
export class Stalls<Answer extends Behind> {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #cut: (answer: Answer) => void
  readonly #behind = new Map<Answer, { taken: number; checks: number }>()
  #timer: Timer | undefined

  constructor(clock: Clock, stalledMsMax: number, cut: (answer: Answer) => void) {
    this.#clock = clock
    this.#everyMs = stalledMsMax / checksPerStall
    this.#cut = cut
  }

  /** Something of it waits, from now on. */
  mind(answer: Answer): void {
    if (this.#behind.has(answer)) return
    this.#behind.set(answer, { taken: takenOf(answer), checks: 0 })
    this.#timer ??= this.#clock.timer(this.#everyMs, () => this.#check())
  }

  close(): void {
    this.#timer?.cancel()
    this.#behind.clear()
  }

  #check(): void {
    this.#timer = undefined
    for (const [answer, last] of this.#behind) {
      const taken = takenOf(answer)
      if (answer.unread === 0) this.#behind.delete(answer)
      else if (taken > last.taken) this.#behind.set(answer, { taken, checks: 0 })
      else if (++last.checks >= checksPerStall) {
        this.#behind.delete(answer)
        this.#cut(answer)
      }
    }
    if (this.#behind.size > 0) this.#timer ??= this.#clock.timer(this.#everyMs, () => this.#check())
  }
}

function takenOf({ written, unread }: Behind): number {
  return written - unread
}
