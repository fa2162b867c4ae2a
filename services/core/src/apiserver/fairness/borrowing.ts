/** What one level brings to the sharing out of seats. */
export interface Claim {
  /** Its own, by its shares. */
  readonly nominal: number
  /** Never less than this: what it lends to nobody. */
  readonly min: number
  /** Never more than this: its own and all that it may borrow. */
  readonly max: number
  /** What it could use now. */
  readonly demand: number
}

/** A level without demand still counts for something when spare seats are shared out. */
const demandMin = 0.5
/** Halvings after which the factor is exact to less than a seat. */
const halvings = 48

/**
 * Pure: how many seats each level has for now. Whoever wants his own seats has them: only what is not wanted is lent. All are
 * given the same multiple of what they want, as far as their bounds allow and the server has seats.
 */
export function seatsShared(claims: readonly Claim[], total: number): number[] {
  const bounded = claims.map(({ nominal, min, max, demand }) => {
    const low = Math.min(max, Math.max(min, Math.min(nominal, demand)))
    return { low, high: Math.max(low, max), want: Math.max(demandMin, Math.min(demand, max)) }
  })
  const given = (factor: number): number[] =>
    bounded.map(({ low, high, want }) => Math.floor(Math.max(low, Math.min(high, factor * want))))
  const fits = (factor: number): boolean => given(factor).reduce((sum, seats) => sum + seats, 0) <= total
  let low = 0
  let high = total / demandMin
  if (fits(high)) return given(high)
  for (let step = 0; step < halvings; step++) {
    const middle = (low + high) / 2
    if (fits(middle)) low = middle
    else high = middle
  }
  return given(low)
}
