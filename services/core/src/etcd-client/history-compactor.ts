import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { CompactedError } from "#store"

/** History is kept for one to two of these, as by the API server of Kubernetes. */
const compactionIntervalMs = 5 * 60 * 1000

/** What the compactor asks of etcd. */
export interface CompactionPeer {
  /** Latest revision that this process knows of. */
  currentRevision(): number
  /** Writes `revision` to the key that all API servers of this etcd share, if nobody has since its version was `version`. */
  claim(version: number, revision: number): Promise<{ claimed: boolean; version: number; revision: number }>
  compact(revision: number): Promise<void>
}

/**
 * Forgets history that is older than one interval. Several API servers may share an etcd, ours and those of Kubernetes:
 * whoever writes the common key first in an interval does it, so that history is forgotten once an interval and not once
 * for each of them.
 */
export class HistoryCompactor {
  readonly #peer: CompactionPeer
  readonly #clock: Clock
  readonly #log: Log
  #timer: Timer | undefined
  /** Version of the common key, as last seen. */
  #version = 0
  /** Revision at the end of the last interval. */
  #before = 0
  /** Revision behind which nothing has been written: there is nothing to forget, and no need to write that down. */
  #idleAt = -1

  constructor(peer: CompactionPeer, clock: Clock, log: Log) {
    this.#peer = peer
    this.#clock = clock
    this.#log = log
    this.#wait()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    this.#timer = this.#clock.timer(compactionIntervalMs, () => {
      this.#wait()
      void this.#compact()
    })
  }

  async #compact(): Promise<void> {
    if (this.#peer.currentRevision() <= this.#idleAt && this.#before > 0) return
    try {
      const until = this.#before
      const { claimed, version, revision } = await this.#peer.claim(this.#version, until)
      this.#version = version
      this.#before = revision
      if (!claimed || until === 0) return
      await this.#peer.compact(until)
      this.#idleAt = revision
    } catch (error) {
      if (error instanceof CompactedError) return
      this.#log.warn("etcd: history not compacted; the next interval does it", { error: error as Error })
    }
  }
}
