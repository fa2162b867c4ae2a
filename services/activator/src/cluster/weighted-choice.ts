export interface Weighted<Target> {
  readonly target: Target
  readonly weight: number
}

/**
 * Smooth weighted round robin: each turn every target earns its weight, and the richest is chosen and pays the sum of
 * all. With 80 and 20 the order is A A B A A, so any stretch of requests is split as closely as whole numbers allow,
 * where chance would stray by several percent over thousands of requests.
 */
export class WeightedChoice<Target> {
  readonly #targets: readonly Weighted<Target>[]
  readonly #earned: number[]
  readonly #total: number

  constructor(targets: readonly Weighted<Target>[]) {
    // A copy has no room for more: there are two choices to every revision, however many of these are at zero.
    this.#targets = [...targets.filter(({ weight }) => weight > 0)]
    this.#earned = this.#targets.map(() => 0)
    this.#total = this.#targets.reduce((sum, { weight }) => sum + weight, 0)
  }

  /** Those that may be chosen. */
  get targets(): readonly Target[] {
    return this.#targets.map(({ target }) => target)
  }

  next(): Target | undefined {
    const targets = this.#targets
    if (targets.length <= 1) return targets[0]?.target
    const earned = this.#earned
    let richest = 0
    for (let i = 0; i < targets.length; i++) {
      earned[i] = (earned[i] ?? 0) + (targets[i]?.weight ?? 0)
      if ((earned[i] ?? 0) > (earned[richest] ?? 0)) richest = i
    }
    earned[richest] = (earned[richest] ?? 0) - this.#total
    return targets[richest]?.target
  }
}
