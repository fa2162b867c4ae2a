/**
 * A right to lead that somebody stronger than a Lease gives out, term after term, to one at a time: a replicated store to
 * its leading member, without which nothing can be written. Who holds the newest term need not wait until the lease of an
 * older one has run out, since whatever its holder still does comes to nothing.
 */
export interface Mandate {
  readonly state: MandateState
  /** Calls back whenever `state` has changed. Returns what ends that. */
  onChange(listener: () => void): () => void
}

export type MandateState =
  /** Nobody else can have the right: no lease is needed, and nothing need be renewed. */
  | { readonly kind: "alone" }
  /** The right is ours for this term, which grows whenever it goes to another. */
  | { readonly kind: "ours"; readonly term: number }
  /** Another has it, or nobody. */
  | { readonly kind: "none" }

/** The right of one that has no others beside it, ever. */
export const aloneForever: Mandate = { state: { kind: "alone" }, onChange: () => () => {} }

export function sameMandate(one: MandateState, other: MandateState): boolean {
  return one.kind === other.kind && termOf(one) === termOf(other)
}

export function termOf(state: MandateState): number | undefined {
  return state.kind === "ours" ? state.term : undefined
}
