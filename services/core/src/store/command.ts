import type { NestedTxn } from "./member-storage.ts"

/** What is replicated: every change of the store is one of these, applied in the order of the log. */
export type Command =
  | { readonly kind: "txn"; readonly request: NestedTxn }
  /** Forgets history before `revision`. */
  | { readonly kind: "compact"; readonly revision: number }
  /** `id` 0: the state machine chooses. */
  | { readonly kind: "grant"; readonly id: number; readonly ttlSeconds: number }
  | { readonly kind: "renew"; readonly id: number }
  | { readonly kind: "revoke"; readonly id: number }
  /** Ends leases whose deadline has come, at most `expiriesMax` of them. */
  | { readonly kind: "expire" }
  /** Writes a note whose version is `expected`. */
  | { readonly kind: "note"; readonly name: string; readonly value: Uint8Array; readonly expected: number }

/**
 * A command and the *store time* at which it was proposed. Store time is a count of milliseconds during which the
 * store had a leader: a leader continues it from the highest one applied, by its own monotonic clock. So no clock that
 * jumps, no restart and no change of leader ends a lease early; the time in which there was no leader is given to it.
 */
export interface StampedCommand {
  readonly timeMs: number
  /** Of a command that a follower handed to its leader. */
  readonly origin?: Origin
  readonly command: Command
}

/** Who asked for a command, and as which of its requests: so that it knows its own when it applies it. */
export interface Origin {
  readonly member: number
  readonly request: number
}
