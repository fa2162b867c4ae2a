import type { Clock } from "@wick/sdk/clock"

/** What `Date` says now, which counts in seconds (RFC 9110 §6.6.1). */
export class HttpDate {
  readonly #clock: Pick<Clock, "now">
  #second = -1
  #text = ""

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock
  }

  get text(): string {
    const second = Math.floor(this.#clock.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toUTCString()
    }
    return this.#text
  }
}
