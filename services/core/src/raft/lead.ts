import { assert, must } from "@wick/sdk/assert"
import type { Effects } from "./effects.ts"
import { noLease } from "./lease.ts"
import type { Entry, MemberId, MessageOf } from "./message.ts"
import { noMember } from "./message.ts"
import { Progress } from "./progress.ts"
import { members, quorumReached } from "./quorum.ts"
import { sizeOf } from "./raft-log.ts"
import { beginEarlyReads } from "./read-index.ts"
import { handOutCommitted, persistEntries, sendAtOnce } from "./send.ts"
import type { RaftState } from "./state.ts"

/** The vote is won. */
export function lead(state: RaftState, out: Effects): void {
  const { log } = state
  const progress = new Map<MemberId, Progress>()
  for (const member of members(log.configuration)) progress.set(member, new Progress(log.last.index + 1))
  const own = new Progress(log.last.index + 1)
  own.match = log.persisted
  // Also of one that leads the others to a configuration without it.
  progress.set(state.id, own)
  state.elapsed = 0
  state.heartbeatElapsed = 0
  const firstIndex = log.last.index + 1
  state.role = {
    kind: "leader",
    progress,
    firstIndex,
    round: 0,
    reads: [],
    earlyReads: [],
    settledIndex: -1,
    lease: noLease(),
    transfer: undefined,
  }
  // Only an entry of its own term tells a leader what is committed (paper §5.4.2), so it makes one at once (§6.4).
  appendEntries(state, out, [{ index: firstIndex, term: state.term, kind: "noop", data: new Uint8Array(0) }])
}

/** Clients' commands: into the log, to the disk, and to the followers at the same time (§10.2.1). */
export function propose(state: RaftState, out: Effects, commands: readonly Uint8Array[]): void {
  const { role, log, term } = state
  if (role.kind !== "leader" || role.transfer !== undefined) {
    out.proposals = { refusedFor: role.kind === "follower" ? role.leader : noMember }
    return
  }
  const first = log.last.index + 1
  out.proposals = { first: { index: first, term } }
  appendEntries(
    state,
    out,
    commands.map((data, at): Entry => ({ index: first + at, term, kind: "command", data })),
  )
}

export function appendEntries(state: RaftState, out: Effects, entries: readonly Entry[]): void {
  state.log.append(entries) // a leader only ever appends (paper §5.3, leader append-only)
  persistEntries(state, out, entries)
  sendAppends(state, out)
}

function sendAppends(state: RaftState, out: Effects): void {
  const { role } = state
  assert(role.kind === "leader", "only a leader appends to others' logs")
  for (const [member, progress] of role.progress) if (member !== state.id) sendAppend(state, out, member, progress)
}

/** Sends what the follower lacks, as much as it may be sent now; to a probe, also nothing. */
function sendAppend(state: RaftState, out: Effects, to: MemberId, progress: Progress): void {
  const { log } = state
  while (progress.mayBeSent) {
    if (progress.pace.kind !== "probe" && progress.next > log.last.index) break
    if (log.termAt(progress.next - 1) === undefined) {
      // What it lacks is no longer in the log: the state itself has to go (§5.1).
      sendAtOnce(state, out, to, {
        type: "snapshot",
        at: log.start,
        configuration: log.configurationAt(log.start.index),
      })
      progress.snapshotting(log.start.index)
      return
    }
    const entries = log.slice(progress.next - 1, log.last.index, state.appendSizeMax)
    const last = progress.next - 1 + entries.length
    appendAfter(state, out, to, progress, entries)
    progress.sent(last, sizeOf(entries))
  }
  // A follower that has everything hears of the commit now, not with the next heartbeat: its reads wait for it.
  if (progress.match === log.last.index && progress.commitSent < state.commit) appendAfter(state, out, to, progress, [])
}

function appendAfter(
  state: RaftState,
  out: Effects,
  to: MemberId,
  progress: Progress,
  entries: readonly Entry[],
): void {
  const index = progress.next - 1
  const term = must(state.log.termAt(index), "what is sent follows an entry that the log has")
  sendAtOnce(state, out, to, { type: "append", previous: { index, term }, entries, commit: state.commit })
  progress.commitSent = Math.min(state.commit, index + entries.length)
}

/**
 * The follower answers, yet lacks something: asks again. When all was sent and the last message was lost, an append
 * without entries finds it out, for it will be rejected.
 */
export function resume(state: RaftState, out: Effects, to: MemberId, progress: Progress): void {
  const { log } = state
  if (progress.match === log.last.index) return
  sendAppend(state, out, to, progress)
  const allSent = progress.pace.kind === "replicate" && progress.next > log.last.index
  if (allSent && log.termAt(progress.next - 1) !== undefined) appendAfter(state, out, to, progress, [])
}

export function onAppendAccepted(state: RaftState, out: Effects, { from, match }: MessageOf<"append-accepted">): void {
  const progress = progressOf(state, from)
  if (progress === undefined) return
  progress.active = true
  progress.accepted(match)
  if (!advanceCommit(state, out)) sendAppend(state, out, from, progress)
}

export function onAppendRejected(state: RaftState, out: Effects, message: MessageOf<"append-rejected">): void {
  const progress = progressOf(state, message.from)
  if (progress === undefined) return
  progress.active = true
  const { index, term } = message.hint
  const agreed = state.log.lastWithTermUpTo(index, term).index
  if (progress.rejected(message.rejected, agreed)) sendAppend(state, out, message.from, progress)
}

/** Own entries are durable: the leader counts itself like any follower. */
export function onOwnPersisted(state: RaftState, out: Effects): void {
  const own = progressOf(state, state.id)
  if (own === undefined) return
  own.match = Math.max(own.match, state.log.persisted)
  advanceCommit(state, out)
}

/** Arrived or not, where the follower stands is asked when it next answers a heartbeat: its own answer may be lost. */
export function onSnapshotSent(state: RaftState, member: MemberId, arrived: boolean): void {
  progressOf(state, member)?.snapshotSent(arrived)
}

/**
 * Commits what a majority has, provided that it is of the leader's own term: an older entry on a majority can still be
 * replaced (paper §5.4.2, figure 8); it is committed along with the first one of this term. True if more is committed.
 */
function advanceCommit(state: RaftState, out: Effects): boolean {
  const { role, log } = state
  assert(role.kind === "leader", "only a leader decides what is committed")
  const reached = quorumReached(log.configuration, (member) => role.progress.get(member)?.match ?? 0)
  if (reached <= state.commit || log.termAt(reached) !== state.term) return false
  state.commit = reached
  handOutCommitted(state, out)
  beginEarlyReads(state, role, out)
  sendAppends(state, out)
  return true
}

function progressOf(state: RaftState, member: MemberId): Progress | undefined {
  return state.role.kind === "leader" ? state.role.progress.get(member) : undefined
}
