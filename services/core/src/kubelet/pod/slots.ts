/**
 * A bound on how many things are done at once. Who comes first goes first, but what goes on with a thing that was begun
 * goes before what begins another: the first ones are ready sooner, and the last ones no later.
 */
export class Slots {
  #free: number
  readonly #begun: (() => void)[] = []
  readonly #new: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async use<T>(work: () => Promise<T>, stage: "new" | "begun" = "new"): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => (stage === "begun" ? this.#begun : this.#new).push(resolve))
    try {
      return await work()
    } finally {
      // In the next turn: by then whoever has just had the slot has asked for it again, if he goes on.
      setImmediate(() => this.#release())
    }
  }

  #release(): void {
    const next = this.#begun.shift() ?? this.#new.shift()
    if (next) next()
    else this.#free += 1
  }
}
