/** Who may stand in an order of turns: in one at a time, which notes it here. */
export interface Waiting {
  isWaiting: boolean
}

/** Who waits for a turn, each once, the longest wait first. A Set in this place walks over all who have left it. */
export class TurnOrder<Who extends Waiting> {
  #waiting: Who[] = []
  #first = 0

  /** At the end, unless it waits already. */
  add(who: Who): void {
    if (who.isWaiting) return
    who.isWaiting = true
    this.#waiting.push(who)
  }

  /** Takes out whose turn it is. */
  next(): Who | undefined {
    const who = this.#waiting[this.#first]
    if (who === undefined) return undefined
    who.isWaiting = false
    this.#first += 1
    if (this.#first === this.#waiting.length || this.#first === goneMax) this.#forgetGone()
    return who
  }

  delete(who: Who): void {
    if (!who.isWaiting) return
    who.isWaiting = false
    this.#waiting.splice(this.#waiting.indexOf(who, this.#first), 1)
  }

  #forgetGone(): void {
    this.#waiting = this.#waiting.slice(this.#first)
    this.#first = 0
  }
}

/** Places of those who have had their turn, before they are given back. */
const goneMax = 256
