import type { Random } from "@wick/sdk/clock"

/** What a fuzzer asks of chance. */
export interface Chance {
  below(bound: number): number
  /** True once in `n`. */
  oneIn(n: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

export function chanceOf(random: Random): Chance {
  const { below } = random
  return {
    below: (bound) => below(bound),
    oneIn: (n) => below(n) === 0,
    pick: (items) => items[below(items.length)] as never,
  }
}
