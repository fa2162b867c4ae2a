import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { CompactedError, type MemberStorage, NotLeaderError, StoppedError, UnavailableError } from "#store"

/**
 * Forgets history once it is older than one interval, as the API server of Kubernetes does with its etcd: who watches
 * or pages through a list has that long to resume. Between one interval's end and the next it costs one timer.
 */
export class Compactor {
  readonly #storage: MemberStorage
  readonly #clock: Clock
  readonly #log: Log
  readonly #intervalMs: number
  #timer: Timer | undefined
  /** Revision at the end of the last interval. */
  #before: number
  #compacted = 0

  constructor(storage: MemberStorage, clock: Clock, log: Log, intervalMs: number) {
    this.#storage = storage
    this.#clock = clock
    this.#log = log
    this.#intervalMs = intervalMs
    this.#before = storage.currentRevision()
    this.#wait()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    this.#timer = this.#clock.timer(this.#intervalMs, () => void this.#compact())
  }

  async #compact(): Promise<void> {
    const until = this.#before
    this.#before = this.#storage.currentRevision()
    this.#wait()
    const { cluster } = this.#storage
    if (cluster.leader() !== cluster.self) return // of several members one does it
    if (until === this.#compacted) return // nothing was written: nothing is to be forgotten, and the disk can rest
    try {
      await this.#storage.compact(until)
      this.#compacted = until
    } catch (error) {
      // Someone has compacted further already; or the store was closed meanwhile.
      if (error instanceof CompactedError || error instanceof StoppedError) return
      // Another leads by now.
      if (error instanceof NotLeaderError || error instanceof UnavailableError) return
      this.#log.warn("history not compacted; the next interval does it", { error })
    }
  }
}
