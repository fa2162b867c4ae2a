import { newOrdersMax, newOrdersWindowMs, ordersOpenMax, silentMsMax } from "./limits.ts"

/** Who may place an order now: so many are under way at once, and so many are begun within a window. */
export class Turns {
  /** When each was last asked for. */
  readonly #open = new Map<string, number>()
  readonly #begun: number[] = []
  #pausedUntilMs = 0

  /** Milliseconds until it is worth asking again; 0: it is this one's turn. */
  waitMs(uid: string, nowMs: number, againMs: number): number {
    if (nowMs < this.#pausedUntilMs) return this.#pausedUntilMs - nowMs
    if (this.#open.has(uid)) return 0
    // Nobody asks on whose Certificate went to another issuer.
    for (const [other, askedMs] of this.#open) if (nowMs - askedMs > silentMsMax) this.#open.delete(other)
    if (this.#open.size >= ordersOpenMax) return againMs
    while (this.#begun[0] !== undefined && this.#begun[0] <= nowMs - newOrdersWindowMs) this.#begun.shift()
    if (this.#begun.length < newOrdersMax) return 0
    return (this.#begun[0] ?? nowMs) + newOrdersWindowMs - nowMs
  }

  /** An order is placed. */
  begin(uid: string, nowMs: number): void {
    this.#begun.push(nowMs)
    this.#open.set(uid, nowMs)
  }

  /** One is under way, whoever has placed it. */
  resume(uid: string, nowMs: number): void {
    this.#open.set(uid, nowMs)
  }

  end(uid: string): void {
    this.#open.delete(uid)
  }

  /** The authority wants no new order before that. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs)
  }
}
