import type { HttpCall } from "./http-call.ts"

/**
 * Heads of answers that wait for their body's first byte. One `setImmediate` serves all that began in a turn of the
 * event loop; by then most have long gone together with their body.
 */
export class HeldHeads {
  #held: HttpCall[] = []
  #scheduled = false

  hold(call: HttpCall): void {
    this.#held.push(call)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    const held = this.#held
    this.#held = []
    for (const call of held) call.flushHead()
  }
}
