import { assert } from "@wick/sdk/assert"
import type { LeaseState, LeaseTerms } from "./lease.ts"
import type { Configuration, Entry, HardState, LogPosition, MemberId } from "./message.ts"
import { noMember } from "./message.ts"
import type { Progress } from "./progress.ts"
import { RaftLog } from "./raft-log.ts"

interface Read {
  readonly read: number
  /** Who asked: this member, or a follower that has to be told. */
  readonly from: MemberId
  readonly index: number
  /** Confirmed when a quorum has answered this round of heartbeats. */
  readonly round: number
}

/**
 *                    times out                    a quorum would vote for it
 *     follower ─────────────────▶ pre-candidate ────────────────────────▶ candidate ──▶ leader
 *        ▲                             │                                      │            │
 *        └─────────── a leader, or a higher term, is heard of; the vote is lost; no quorum is heard
 */
export type Role =
  | { readonly kind: "follower"; readonly leader: MemberId }
  /** Asks whether it would be elected, so that a member which cannot win does not disturb the others (§9.6). */
  | { readonly kind: "pre-candidate"; readonly votes: Map<MemberId, boolean> }
  | { readonly kind: "candidate"; readonly votes: Map<MemberId, boolean> }
  | {
      readonly kind: "leader"
      readonly progress: Map<MemberId, Progress>
      /** Index of the entry that began this leadership: once committed, the leader knows what is (§6.4). */
      readonly firstIndex: number
      /** Number of the latest round of heartbeats. */
      round: number
      reads: Read[]
      /** Asked before the first entry of this term was committed. */
      earlyReads: { readonly read: number; readonly from: MemberId }[]
      /** Index of the configuration that this leader last found committed. */
      settledIndex: number
      /** What its lease rests on, see lease.ts. */
      readonly lease: LeaseState
      /** Leadership is being handed over; no proposals are taken meanwhile (§3.10). */
      transfer: { readonly to: MemberId; ticksLeft: number; isTold: boolean } | undefined
    }

export interface RaftState {
  readonly id: MemberId
  /** Ticks without a leader after which a follower stands for election: this many, to twice as many (paper §5.2). */
  readonly electionTicks: number
  /** Ticks between heartbeats. */
  readonly heartbeatTicks: number
  /** Most bytes of entries in one append message, if they are several: small ones share one, and none waits for long. */
  readonly appendSizeMax: number
  /** Undefined: this member answers no read without asking the others. */
  readonly lease: LeaseTerms | undefined
  /** Ticks for which it has promised a leader to vote for nobody else; counted only where leaders rely on that. */
  promisedTicks: number
  term: number
  vote: MemberId
  commit: number
  /** Entries up to here were handed out to be applied. */
  handedOut: number
  /** Holds the present configuration too. */
  readonly log: RaftLog
  role: Role
  /** Ticks since the leader was heard of; in a leader, since it last checked its quorum. */
  elapsed: number
  /** In a leader: ticks since the last heartbeat. */
  heartbeatElapsed: number
  /** This member's present election timeout. */
  timeoutTicks: number
  /** The chance handed in with the latest tick; the next timeout is drawn from it. */
  jitter: number
}

/** What a member knows when it starts: from its disk, or, the first time, from whoever founds the cluster. */
export interface Restart {
  readonly id: MemberId
  readonly electionTicks: number
  readonly heartbeatTicks: number
  readonly appendSizeMax?: number
  readonly hardState: HardState
  /** As of `applied`. Without voters: a member that waits to be told of its cluster. */
  readonly configuration: Configuration
  /** The applied state holds everything up to here. */
  readonly applied: LogPosition
  /** Entries after `applied`. */
  readonly entries: readonly Entry[]
  readonly jitter: number
  /** All members of a cluster have the same, or none. */
  readonly lease?: LeaseTerms | undefined
}

export const appendSizeMaxUsual = 1024 * 1024

export function createRaft(restart: Restart): RaftState {
  const { id, electionTicks, heartbeatTicks, hardState, configuration, applied, entries, jitter } = restart
  assert(id !== noMember, "a member has an id")
  assert(heartbeatTicks < electionTicks, "a leader is heard of before its followers give it up")
  const log = new RaftLog(applied, configuration, entries)
  const commit = Math.max(hardState.commit, applied.index)
  assert(commit <= log.last.index, "what is committed is in the log")
  assert(log.last.term <= hardState.term, "a term is durable before any entry of it")
  return {
    id,
    electionTicks,
    heartbeatTicks,
    appendSizeMax: restart.appendSizeMax ?? appendSizeMaxUsual,
    lease: restart.lease,
    // It may have promised just before it was started anew.
    promisedTicks: restart.lease !== undefined && hardState.term > 0 ? electionTicks : 0,
    term: hardState.term,
    vote: hardState.vote,
    commit,
    handedOut: applied.index,
    log,
    role: { kind: "follower", leader: noMember },
    elapsed: 0,
    heartbeatElapsed: 0,
    timeoutTicks: electionTicks + (jitter % electionTicks),
    jitter,
  }
}

/** Who leads, as far as this member knows. */
export function leaderOf(state: RaftState): MemberId {
  if (state.role.kind === "leader") return state.id
  return state.role.kind === "follower" ? state.role.leader : noMember
}
