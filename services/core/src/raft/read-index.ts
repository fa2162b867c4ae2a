import type { Effects } from "./effects.ts"
import { sendHeartbeats } from "./heartbeat.ts"
import { leaseHolds, roundConfirmed } from "./lease.ts"
import type { MemberId } from "./message.ts"
import { noMember } from "./message.ts"
import { quorumReached, winsAlone } from "./quorum.ts"
import { sendAtOnce } from "./send.ts"
import { leaderOf, type RaftState, type Role } from "./state.ts"

type Leader = Role & { readonly kind: "leader" }

/**
 * Reads that are not stale without a write to the log (§6.4). The leader notes its commit index, makes sure by a round
 * of heartbeats that it still led after it had noted it, and the read may be answered once that index is applied.
 */
export function startRead(
  state: RaftState,
  out: Effects,
  read: number,
  from: MemberId,
  nowMs?: number | undefined,
): void {
  const { role } = state
  const leader = leaderOf(state)
  if (role.kind === "leader") readAsLeader(state, role, out, read, from, nowMs)
  else if (from !== state.id)
    return // it came to one who leads no more: its sender asks again
  else if (leader === noMember) out.readsLost.push(read)
  else sendAtOnce(state, out, leader, { type: "read-request", read })
}

/** Whether a read needs nobody's consent: there is no one else who could have been elected. */
export function readsNeedNobody(state: RaftState): boolean {
  const { role } = state
  return role.kind === "leader" && votesAlone(state) && state.commit >= role.firstIndex
}

/** Learners need not be asked. */
function votesAlone({ log, id }: RaftState): boolean {
  return winsAlone(log.configuration, id)
}

function readAsLeader(
  state: RaftState,
  role: Leader,
  out: Effects,
  read: number,
  from: MemberId,
  nowMs: number | undefined,
): void {
  if (state.commit < role.firstIndex) {
    role.earlyReads.push({ read, from })
  } else if (votesAlone(state) || (nowMs !== undefined && leaseHolds(state, nowMs))) {
    answer(state, out, from, read, state.commit)
  } else {
    sendHeartbeats(state, role, out, nowMs)
    role.reads.push({ read, from, index: state.commit, round: role.round })
  }
}

/** The leader's first entry is committed, so its commit index is what any leader before it may have acknowledged. */
export function beginEarlyReads(state: RaftState, role: Leader, out: Effects): void {
  if (state.commit < role.firstIndex) return
  const early = role.earlyReads
  role.earlyReads = []
  for (const { read, from } of early) readAsLeader(state, role, out, read, from, undefined)
}

/** A follower has answered a heartbeat: answers every read that a quorum has now confirmed. */
export function confirmReads(state: RaftState, role: Leader, out: Effects): void {
  if (role.reads.length === 0 && role.lease.rounds.length === 0) return
  const confirmed = quorumReached(state.log.configuration, (member) =>
    member === state.id ? role.round : (role.progress.get(member)?.round ?? 0),
  )
  roundConfirmed(role.lease, confirmed)
  const done = role.reads.filter(({ round }) => round <= confirmed)
  role.reads = role.reads.filter(({ round }) => round > confirmed)
  for (const { read, from, index } of done) answer(state, out, from, read, index)
}

function answer(state: RaftState, out: Effects, from: MemberId, read: number, index: number): void {
  if (from === state.id) out.reads.push({ read, index })
  else sendAtOnce(state, out, from, { type: "read-response", read, index })
}
