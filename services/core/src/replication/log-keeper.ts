import type { RaftState } from "#raft"
import type { Limits } from "./limits.ts"

/** Bytes kept at most while a follower is being sent the state: after that it will need another one. */
const pinnedSizeMax = 256 * 1024 * 1024

/**
 * Says how much of the log Raft can forget. What a follower lacks beyond that, it is sent as a whole state. Looks only
 * when enough has come since it looked last, so that writing costs it nothing.
 */
export class LogKeeper {
  readonly #limits: Limits
  #size = 0
  #count = 0
  #lookAtSize: number
  #lookAtCount: number

  constructor(limits: Limits) {
    this.#limits = limits
    this.#lookAtSize = limits.keptSizeMax
    this.#lookAtCount = limits.keptEntriesMax
  }

  written(bytes: number, entries: number): void {
    this.#size += bytes
    this.#count += entries
  }

  /** Index up to which it can be forgotten; undefined: keep all. `saved` is where the state on disk is. */
  forgettable({ log }: RaftState, saved: number, pinned: number): number | undefined {
    if (this.#size < this.#lookAtSize && this.#count < this.#lookAtCount) return undefined
    const { keptSizeMax, keptEntriesMax } = this.#limits
    const entries = log.slice(log.start.index, log.last.index)
    let kept = 0
    let at = entries.length
    while (at > 0 && kept < keptSizeMax / 2 && entries.length - at < keptEntriesMax / 2)
      kept += entries[--at]?.data.length ?? 0
    const until = log.start.index + at
    const total = entries.reduce((sum, { data }) => sum + data.length, 0)
    const index = Math.min(until, saved, total > pinnedSizeMax ? until : pinned)
    const isMoved = index > log.start.index
    const forgotten = isMoved
      ? entries.slice(0, index - log.start.index).reduce((sum, { data }) => sum + data.length, 0)
      : 0
    this.#size = total - forgotten
    this.#count = log.last.index - Math.max(index, log.start.index)
    this.#lookAtSize = Math.max(keptSizeMax, this.#size + keptSizeMax / 2)
    this.#lookAtCount = Math.max(keptEntriesMax, this.#count + keptEntriesMax / 2)
    return isMoved ? index : undefined
  }
}
