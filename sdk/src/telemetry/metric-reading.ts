export type Labels = Readonly<Record<string, string>>

/** What a histogram holds: `counts` has one place more than `bounds`, for what lies above them all. */
export interface Distribution {
  readonly bounds: readonly number[]
  readonly counts: ArrayLike<number>
  readonly sum: number
}

export type Point = number | Distribution

/** One value of a metric, at the moment when somebody asked. */
export interface Reading {
  readonly labels: Labels
  readonly value: Point
}

/** Several histograms of the same bounds as one; none of them: nothing was ever counted. */
export function sumOf(parts: readonly Distribution[]): Distribution | undefined {
  const [first] = parts
  if (first === undefined) return undefined
  const counts = new Float64Array(first.bounds.length + 1)
  let sum = 0
  for (const part of parts) {
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] as number) + (part.counts[at] ?? 0)
    sum += part.sum
  }
  return { bounds: first.bounds, counts, sum }
}
