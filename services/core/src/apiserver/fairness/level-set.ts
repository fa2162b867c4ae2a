import type { Clock } from "@wick/sdk/clock"
import { seatsShared } from "./borrowing.ts"
import type { LevelSpec } from "./configuration.ts"
import { PriorityLevel } from "./priority-level.ts"

/** Requests that are worked on at once, over all levels: kube-apiserver's 400 reading and 200 writing. */
export const seatsTotal = 600
/** How often seats that are lent are counted anew, while anybody wants more than his own. */
const periodMs = 1_000
/** And no more often than this when somebody finds no seat: a level that has lent its own gets them back at once. */
const gapMs = 100
/** What was wanted a period ago counts half: a short lull does not cost a level what it has borrowed. */
const decay = 0.5

/** Bounds of what a level may have: `min` is lent to nobody, `max` is all that it may borrow to. */
export interface Bounds {
  readonly nominal: number
  readonly min: number
  readonly max: number
}

export function boundsOf(level: PriorityLevel): Bounds {
  const { nominal } = level
  const { lendablePercent, borrowingLimitPercent, isExempt } = level.spec
  const borrowed = borrowingLimitPercent === undefined ? seatsTotal : (nominal * borrowingLimitPercent) / 100
  const min = nominal - Math.round((nominal * lendablePercent) / 100)
  // An exempt level takes what it needs anyway: others see only its own seats as taken.
  return { nominal, min, max: isExempt ? nominal : Math.min(seatsTotal, Math.round(nominal + borrowed)) }
}

/**
 * All levels and the seats between them. While each has enough of its own nothing happens; the first request that finds no
 * seat has the seats shared out by demand, again every period until nobody wants more than his own.
 */
export class LevelSet {
  readonly #clock: Clock
  readonly #levels = new Map<string, PriorityLevel>()
  readonly #demands = new Map<PriorityLevel, number>()
  #timer: { cancel(): void } | undefined
  #sharedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  all(): readonly PriorityLevel[] {
    return [...this.#levels.values()]
  }

  get(name: string): PriorityLevel | undefined {
    return this.#levels.get(name)
  }

  /** Levels keep who is in them; one that is gone lets its last requests through as it was. */
  configure(specs: readonly LevelSpec[]): void {
    const sum = specs.reduce((shares, { shares: own }) => shares + own, 0)
    const names = new Set(specs.map(({ name }) => name))
    for (const [name, level] of this.#levels) {
      if (names.has(name)) continue
      this.#levels.delete(name)
      this.#demands.delete(level)
    }
    for (const spec of specs) {
      const nominal = sum === 0 ? 0 : Math.ceil((seatsTotal * spec.shares) / sum)
      const known = this.#levels.get(spec.name)
      if (known) known.configure(spec, nominal)
      else this.#levels.set(spec.name, new PriorityLevel(spec, nominal))
    }
    if (this.#timer) this.#share()
  }

  /** Somebody has found no seat. */
  wanted(): void {
    if (this.#timer && this.#clock.monotonic() - this.#sharedAt < gapMs) return
    this.#share()
    if (!this.#timer) this.#arm()
  }

  #arm(): void {
    this.#timer = this.#clock.timer(periodMs, () => {
      this.#timer = undefined
      for (const [level, demand] of this.#demands) this.#demands.set(level, demand * decay)
      this.#share()
      if (!this.#isCalm()) return this.#arm()
      for (const level of this.all()) level.setLimit(level.nominal)
      this.#demands.clear()
    })
  }

  #share(): void {
    this.#sharedAt = this.#clock.monotonic()
    const levels = this.all()
    const claims = levels.map((level) => {
      const wanted = level.demandSince()
      // Who needs one of his own back is given them all: the next one need not ask again.
      const own = wanted > level.limit ? level.nominal : 0
      const demand = Math.max(wanted, own, this.#demands.get(level) ?? 0)
      this.#demands.set(level, demand)
      return { ...boundsOf(level), demand }
    })
    const seats = seatsShared(claims, seatsTotal)
    for (const [at, level] of levels.entries()) level.setLimit(seats[at] ?? level.nominal)
  }

  #isCalm(): boolean {
    return this.all().every(
      (level) => level.spec.isExempt || (level.waitingCount === 0 && (this.#demands.get(level) ?? 0) <= level.nominal),
    )
  }
}
