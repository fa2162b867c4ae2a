/**
 * What members tell each other. Section numbers here and everywhere in this folder are of Ongaro's thesis, "Consensus:
 * Bridging Theory and Practice" (2014); "paper" is the extended Raft paper (2014), whose §5 is the thesis' chapter 3.
 */

/** A whole number from 1; 0 stands for "none". */
export type MemberId = number
export const noMember: MemberId = 0

export interface Entry {
  readonly index: number
  readonly term: number
  /** `noop` is what a leader commits first (§6.4); `configuration` is a list of members (§4.1). */
  readonly kind: "command" | "noop" | "configuration"
  readonly data: Uint8Array
}

/** Where a log ends, or begins after compaction. */
export interface LogPosition {
  readonly index: number
  readonly term: number
}

/** Who votes. While membership changes, a decision needs a majority of both lists (joint consensus, §4.3). */
export interface Configuration {
  readonly voters: readonly MemberId[]
  /** Voters of the configuration that is being left; empty when membership is not changing. */
  readonly outgoing: readonly MemberId[]
  /** Are sent the log but do not vote (§4.2.1). */
  readonly learners: readonly MemberId[]
}

/** What a member must never forget (paper, figure 2): forgetting its vote it could vote twice in a term. */
export interface HardState {
  readonly term: number
  readonly vote: MemberId
  /** Not needed for safety; spares a restarted member the wait until its leader tells it. */
  readonly commit: number
}

type Body =
  /** Would you vote for me in `term`? Asked before raising one's own term (§9.6). */
  | { readonly type: "pre-vote-request"; readonly last: LogPosition }
  | { readonly type: "pre-vote-response"; readonly granted: boolean }
  /** `transfer`: its leader wants it to lead, so that nobody holds on to that leader (§3.10). */
  | { readonly type: "vote-request"; readonly last: LogPosition; readonly transfer: boolean }
  | { readonly type: "vote-response"; readonly granted: boolean }
  | {
      readonly type: "append"
      /** The entry just before `entries`: the receiver must have it (log matching, paper §5.3). */
      readonly previous: LogPosition
      readonly entries: readonly Entry[]
      readonly commit: number
    }
  /** The receiver's log equals the leader's up to `match`. */
  | { readonly type: "append-accepted"; readonly match: number }
  /** The receiver lacks the entry before `entries`, at `rejected`; below `hint` the logs may agree. */
  | { readonly type: "append-rejected"; readonly rejected: number; readonly hint: LogPosition }
  | { readonly type: "heartbeat"; readonly commit: number; readonly round: number }
  | { readonly type: "heartbeat-response"; readonly round: number }
  /** The state up to `at`. Its bytes go beside this message; it is handed to `step` once they have arrived (§5.1). */
  | { readonly type: "snapshot"; readonly at: LogPosition; readonly configuration: Configuration }
  /** A follower asks its leader for an index at which a read is not stale, and is told (§6.4). */
  | { readonly type: "read-request"; readonly read: number }
  | { readonly type: "read-response"; readonly read: number; readonly index: number }
  /** The receiver has everything that its leader has, and is to stand for election at once (§3.10). */
  | { readonly type: "timeout-now" }
  /** To oneself, after the disk has it: the log is durable up to this entry. */
  | { readonly type: "persisted"; readonly at: LogPosition }

export type MessageOf<Type extends Body["type"]> = {
  readonly from: MemberId
  readonly to: MemberId
  /** The sender's term; of a pre-vote request and of its grant the term that the vote would be in. */
  readonly term: number
} & Extract<Body, { readonly type: Type }>

export type Message = { [Type in Body["type"]]: MessageOf<Type> }[Body["type"]]
export type MessageBody = Body
