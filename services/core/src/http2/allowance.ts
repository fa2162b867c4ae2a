/** So many at once, and so many more each second: what a client may do that is harmless once and an attack in numbers. */
export class Allowance {
  readonly #max: number
  readonly #perMs: number
  #left: number
  #atMs: number

  constructor(max: number, perSecond: number, nowMs: number) {
    this.#max = max
    this.#perMs = perSecond / 1_000
    this.#left = max
    this.#atMs = nowMs
  }

  /** Takes one; false when there is none. */
  take(nowMs: number): boolean {
    this.#left = Math.min(this.#max, this.#left + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
