import type { EndedLease } from "./reference.ts"
import { Violation } from "./violation.ts"

/** What clients were promised of leases, in the world's own time. */
export class LeaseTerms {
  readonly #lastsUntil = new Map<number, number>()
  readonly #rateMin: number

  /** `rateMin`: clocks of members are at most so much too fast, as a factor below one. */
  constructor(rateMin: number) {
    this.#rateMin = rateMin
  }

  /** A grant or a renewal that was asked for at `askedMs` was acknowledged. */
  acknowledged(id: number, askedMs: number, ttlSeconds: number): void {
    const until = askedMs + ttlSeconds * 1000 * this.#rateMin
    this.#lastsUntil.set(id, Math.max(until, this.#lastsUntil.get(id) ?? 0))
  }

  ended({ id, isRevoked }: EndedLease, nowMs: number): void {
    const until = this.#lastsUntil.get(id)
    if (isRevoked || until === undefined || nowMs >= until) return
    throw new Violation("leases last", `lease ${id} ended ${Math.ceil(until - nowMs)} ms before its time`)
  }
}
