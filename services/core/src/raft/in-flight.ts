/** Most appends on their way to one follower. */
const messagesMax = 256
/** Most bytes of entries on their way to one follower: bounds the memory that a slow one costs its leader. */
const sizeMax = 16 * 1024 * 1024

/** Appends that one follower was sent and has not answered, the oldest first (§10.2.1). */
export class InFlight {
  #appends: { readonly last: number; readonly size: number }[] = []
  #size = 0

  /** One more may go, whatever its size: an entry larger than the bound must pass too. */
  get isFull(): boolean {
    return this.#appends.length >= messagesMax || this.#size >= sizeMax
  }

  /** An append whose last entry is `last` has left. */
  add(last: number, size: number): void {
    this.#appends.push({ last, size })
    this.#size += size
  }

  /** All up to `match` have arrived. */
  arrived(match: number): void {
    let count = 0
    for (const { last, size } of this.#appends) {
      if (last > match) break
      this.#size -= size
      count++
    }
    if (count > 0) this.#appends.splice(0, count)
  }

  /** The oldest, or its answer, is taken to be lost. */
  dropOldest(): void {
    this.#size -= this.#appends.shift()?.size ?? 0
  }
}
