/** One pull that several wait for; it is given up when nobody does any more. */
export class SharedPull<Result> {
  readonly #given = new AbortController()
  readonly #result: Promise<Result>
  #waiting = 0

  constructor(pull: (signal: AbortSignal) => Promise<Result>) {
    this.#result = pull(this.#given.signal)
    // Who waits hears of the failure; when all have left, nobody needs to.
    this.#result.catch(() => {})
  }

  get givenUp(): boolean {
    return this.#given.signal.aborted
  }

  wait(signal: AbortSignal): Promise<Result> {
    this.#waiting += 1
    return new Promise<Result>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting -= 1
        if (this.#waiting === 0) this.#given.abort()
        reject(signal.reason)
      }
      if (signal.aborted) return leave()
      signal.addEventListener("abort", leave, { once: true })
      this.#result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave))
    })
  }
}
