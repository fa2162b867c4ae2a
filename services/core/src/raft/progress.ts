import { assert } from "@wick/sdk/assert"
import { InFlight } from "./in-flight.ts"

/**
 * How the leader deals with one follower.
 * - `probe`: does not know where their logs part; one append at a time. Entered at election, on a rejection, and when
 *   the follower was not heard of; left when it accepts.
 * - `replicate`: they agree; appends are sent without waiting for answers (§10.2.1), within a bound of messages and bytes.
 * - `snapshot`: it needs what the log no longer has; nothing is sent until it has the state up to `until` (§5.1), or whoever
 *   brings it there says that it has arrived or failed.
 */
export type Pace =
  | { readonly kind: "probe"; waiting: boolean }
  | { readonly kind: "replicate"; readonly inFlight: InFlight }
  | { readonly kind: "snapshot"; readonly until: number }

/** What a leader knows of one member (paper, figure 2: matchIndex and nextIndex). Invariant: match < next. */
export class Progress {
  pace: Pace = { kind: "probe", waiting: false }
  match = 0
  next: number
  /** Heard of since quorum was last checked. */
  active = true
  /** The greatest commit index that it was sent. */
  commitSent = 0
  /** The latest round of heartbeats that it answered, see read-index.ts. */
  round = 0

  constructor(next: number) {
    this.next = next
  }

  get mayBeSent(): boolean {
    if (this.pace.kind === "probe") return !this.pace.waiting
    return this.pace.kind === "replicate" && !this.pace.inFlight.isFull
  }

  /** An append up to `last` was sent, with `size` bytes of entries. */
  sent(last: number, size: number): void {
    assert(this.mayBeSent, "only who may be sent something is")
    if (this.pace.kind === "replicate") {
      this.pace.inFlight.add(last, size)
      this.next = last + 1
    } else if (this.pace.kind === "probe") this.pace.waiting = true
  }

  /** The follower has everything up to `match`. */
  accepted(match: number): void {
    this.match = Math.max(this.match, match)
    this.next = Math.max(this.next, this.match + 1)
    if (this.pace.kind === "replicate") this.pace.inFlight.arrived(this.match)
    else if (this.pace.kind === "probe" || this.match >= this.pace.until) {
      this.pace = { kind: "replicate", inFlight: new InFlight() }
      this.next = this.match + 1
    }
  }

  /** The follower does not have `rejected`; goes back to just after `agreed`. False: an answer to an old question. */
  rejected(rejected: number, agreed: number): boolean {
    if (this.pace.kind === "snapshot" || rejected <= this.match) return false
    if (this.pace.kind === "probe" && rejected !== this.next - 1) return false
    this.next = Math.max(this.match + 1, Math.min(rejected, agreed + 1))
    this.pace = { kind: "probe", waiting: false }
    return true
  }

  /** Is being sent the state up to `until`. */
  snapshotting(until: number): void {
    this.pace = { kind: "snapshot", until }
    this.next = until + 1
  }

  snapshotSent(arrived: boolean): void {
    if (this.pace.kind !== "snapshot") return
    this.next = arrived ? this.pace.until + 1 : this.match + 1
    this.pace = { kind: "probe", waiting: true }
  }

  /** A heartbeat was answered, so the link works: a probe that was not answered is asked again. */
  heard(): void {
    this.active = true
    if (this.pace.kind === "probe") this.pace.waiting = false
    else if (this.pace.kind === "replicate" && this.pace.inFlight.isFull) this.pace.inFlight.dropOldest()
  }
}
