/** One pod's share of a metric. */
export interface PodValue {
  /** In thousandths. */
  readonly milli: number
  /** End of the time in which it was measured. */
  readonly atMs: number
  readonly windowMs: number
}

export type PodValues = ReadonlyMap<string, PodValue>

/** What a metric said, or why it said nothing. All amounts are in thousandths. */
export type Reading =
  | { readonly kind: "per-pod"; readonly values: PodValues }
  | { readonly kind: "whole"; readonly milli: number }
  | { readonly kind: "failed"; readonly message: string }
