import { appendSizeMaxUsual } from "#raft"
import { segmentSize } from "./write-ahead-log.ts"

/** How much is kept and for how long, where a simulation of some seconds wants less than a cluster of years. */
export interface Limits {
  /** Bytes of one file of the log. */
  readonly segmentSize: number
  /** Bytes of entries in one message to a follower, see `RaftState`. */
  readonly appendSizeMax: number
  /** Bytes and number of entries kept in memory for followers that are a little behind. */
  readonly keptSizeMax: number
  readonly keptEntriesMax: number
  /** Entries kept by a member that is alone, and has nobody to send them to: none, unless somebody looks at its log. */
  readonly keptAlone: number
  /**
   * Bytes applied after which the state is saved at once: a restart has no more than about this to apply again, and
   * others wait no longer than it takes to hand so much to the table: a thousand objects, some four milliseconds.
   */
  readonly unsavedSizeSoft: number
  /** Longest time that a write waits to be saved, and the time until a failed attempt is repeated. */
  readonly saveDelayMs: number
}

export const usualLimits: Limits = {
  segmentSize,
  appendSizeMax: appendSizeMaxUsual,
  keptSizeMax: 16 * 1024 * 1024,
  keptEntriesMax: 10_000,
  keptAlone: 0,
  unsavedSizeSoft: 1024 * 1024,
  saveDelayMs: 5_000,
}
