/** A promise of the store was broken. The name says which. */
export class Violation extends Error {
  override name = "Violation"
  readonly promise: string

  constructor(promise: string, detail: string) {
    super(`${promise}: ${detail}`)
    this.promise = promise
  }
}
