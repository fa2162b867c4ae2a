import { must } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import { LeaseAlarm, type Mvcc, StoreTime } from "#store"

/**
 * Store time and the end of leases, which are the leader's to tell. A leader continues from the time that it has
 * applied; once it has applied all that earlier leaders wrote, from the latest that any of them stamped. That was no
 * later than their clocks then said, so between two stamps there is never more store time than there was time: no
 * lease ends early, whoever leads.
 */
export class Leadership {
  readonly #clock: Clock
  readonly #mvcc: Mvcc
  readonly #expire: () => void
  #leading: { readonly time: StoreTime; readonly alarm: LeaseAlarm | undefined } | undefined
  /** When this member applied something last: followers tell from it what time it may be at their leader. */
  #appliedMs: number

  constructor(clock: Clock, mvcc: Mvcc, expire: () => void) {
    this.#clock = clock
    this.#mvcc = mvcc
    this.#expire = expire
    this.#appliedMs = clock.monotonic()
  }

  get leads(): boolean {
    return this.#leading !== undefined
  }

  begin(): void {
    this.#leading = { time: new StoreTime(this.#clock, this.#mvcc.timeMs), alarm: undefined }
  }

  /** Everything that earlier leaders wrote is applied. */
  settle(): void {
    const before = must(this.#leading, "who settles leads").time.now()
    this.#leading?.alarm?.stop()
    const time = new StoreTime(this.#clock, Math.max(before, this.#mvcc.timeMs))
    this.#leading = { time, alarm: new LeaseAlarm(this.#clock, time, this.#expire) }
    this.watchLeases()
  }

  end(): void {
    this.#leading?.alarm?.stop()
    this.#leading = undefined
    this.#appliedMs = this.#clock.monotonic()
  }

  applied(): void {
    if (this.#leading === undefined) this.#appliedMs = this.#clock.monotonic()
    else this.watchLeases()
  }

  watchLeases(): void {
    this.#leading?.alarm?.set(this.#mvcc.earliestDeadlineMs)
  }

  now(): number {
    if (this.#leading !== undefined) return this.#leading.time.now()
    return Math.floor(this.#mvcc.timeMs + this.#clock.monotonic() - this.#appliedMs)
  }
}
