/** A short number for everything that has happened, to tell whether two runs were the same. */
export class Trace {
  #low = 0x811c9dc5
  #high = 0x9e3779b9

  add(number: number): void {
    this.#low = Math.imul(this.#low ^ number, 0x01000193)
    this.#high = Math.imul((this.#high ^ this.#low) + number, 0x85ebca6b)
  }

  get hash(): string {
    return [this.#high, this.#low].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("")
  }
}
