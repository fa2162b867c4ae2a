import { isAlone } from "./quorum.ts"
import type { RaftState } from "./state.ts"

/**
 * Reads without a message (§6.4.1). Who has heard its leader votes for nobody else for an election timeout (§4.2.3); so once a
 * quorum has answered a round of heartbeats, nobody else can be elected for that long from when the round *began*, and what
 * the leader has committed is all that there is.
 *
 *     round sent        answered by a quorum                a follower's clock may be fast by `driftMax`
 *     ├─────────────────────┼──────── lease ────────────┤
 *     ├──────────────────── no other leader ────────────────────┤
 *
 * Unlike all else here this trusts clocks: that none runs faster than another by more than `driftMax`, and that a leader's
 * does not stand still while the others' go on, as that of a machine that is suspended may. So it is off unless asked for.
 */
export interface LeaseTerms {
  /** Time from tick to tick, at least, on each member's own clock. */
  readonly tickMs: number
  /** How many times faster one member's clock may run than another's: 1.1 for a tenth. */
  readonly driftMax: number
}

export interface LeaseState {
  /** Rounds of heartbeats that no quorum has answered yet, and when they began. */
  rounds: { readonly round: number; readonly beganMs: number }[]
  /** When the latest round began that a quorum has answered. */
  fromMs: number | undefined
  /**
   * Somebody was told to stand for election at once, and others to vote for it without waiting (§3.10). However late that
   * message arrives, from then on this leadership gives no lease.
   */
  isForfeit: boolean
}

export function noLease(): LeaseState {
  return { rounds: [], fromMs: undefined, isForfeit: false }
}

export function roundBegins(lease: LeaseState, round: number, nowMs: number): void {
  lease.rounds.push({ round, beganMs: nowMs })
}

/** A quorum has answered all rounds up to this one. */
export function roundConfirmed(lease: LeaseState, confirmed: number): void {
  const open = lease.rounds.findIndex(({ round }) => round > confirmed)
  const count = open === -1 ? lease.rounds.length : open
  const latest = lease.rounds[count - 1]
  if (latest === undefined) return
  lease.fromMs = latest.beganMs
  lease.rounds.splice(0, count)
}

/** Whether a read that was asked for before `nowMs` may be answered from what this member has committed. */
export function leaseHolds({ role, lease, commit, electionTicks }: RaftState, nowMs: number): boolean {
  if (role.kind !== "leader" || lease === undefined || role.lease.fromMs === undefined) return false
  if (role.lease.isForfeit || commit < role.firstIndex) return false
  // Just before its first tick a follower has waited almost a tick less than it counts.
  const promisedMs = (electionTicks - 1) * lease.tickMs
  return nowMs - role.lease.fromMs < promisedMs / lease.driftMax
}

/** This member has answered a leader: it votes for nobody else for a while, whatever it hears of meanwhile. */
export function promise(state: RaftState): void {
  if (state.lease !== undefined) state.promisedTicks = state.electionTicks
}

/** Whether a leader may rely on this member's not making another one now. */
export function isPromised(state: RaftState): boolean {
  return state.promisedTicks > 0 && !isAlone(state.log.configuration, state.id)
}
