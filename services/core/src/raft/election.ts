import type { Effects } from "./effects.ts"
import { follow, restartTimer } from "./follow.ts"
import { lead } from "./lead.ts"
import { isPromised } from "./lease.ts"
import type { MemberId, MessageOf } from "./message.ts"
import { noMember } from "./message.ts"
import { isVoter, members, tally } from "./quorum.ts"
import { persistHardState, sendAtOnce, sendDurable } from "./send.ts"
import { leaderOf, type RaftState } from "./state.ts"

/** No leader was heard of: asks whether it could win, before it disturbs anyone with a new term (§9.6). */
export function standForElection(state: RaftState, out: Effects): void {
  if (!mayStand(state)) return
  restartTimer(state)
  const votes = new Map([[state.id, true]])
  state.role = { kind: "pre-candidate", votes }
  if (tally(state.log.configuration, votes) === "won") {
    campaign(state, out)
    return
  }
  const request = { type: "pre-vote-request", last: state.log.last } as const
  for (const to of others(state)) sendAtOnce(state, out, to, request, state.term + 1)
}

/** The leader hands over to this member: no need to ask whether it could win (§3.10). */
export function onTimeoutNow(state: RaftState, out: Effects, { from }: MessageOf<"timeout-now">): void {
  const { role } = state
  if (role.kind === "follower" && role.leader === from && isVoter(state.log.configuration, state.id))
    campaign(state, out, true)
}

/**
 * Who is to leave may be the only one that can tell the others so: until the configuration without it is committed it stands
 * for election all the same. Its own vote does not count then (§4.2.2).
 */
function mayStand({ log, commit, id }: RaftState): boolean {
  if (isVoter(log.configuration, id)) return true
  return log.configurationIndex > commit && isVoter(log.configurationAt(log.configurationIndex - 1), id)
}

/** Begins a term and asks for votes. Its own vote counts like any other: once it is durable (paper §5.2). */
function campaign(state: RaftState, out: Effects, transfer = false): void {
  state.term++
  state.vote = state.id
  persistHardState(state, out)
  restartTimer(state)
  state.role = { kind: "candidate", votes: new Map() }
  sendDurable(state, out, state.id, { type: "vote-response", granted: true })
  // The request too tells of the new term, in which this member must not vote for another after a crash.
  for (const to of others(state)) sendDurable(state, out, to, { type: "vote-request", last: state.log.last, transfer })
}

export function onPreVoteRequest(
  state: RaftState,
  out: Effects,
  { from, term, last }: MessageOf<"pre-vote-request">,
): void {
  // Grants change nothing here: no term is raised and no vote is spent, so several may be granted (§9.6).
  const granted = term > state.term && state.log.isNotAheadOf(last)
  // A refusal carries the term of who refuses: that is how one that was left behind learns of it.
  sendAtOnce(state, out, from, { type: "pre-vote-response", granted }, granted ? term : state.term)
}

export function onPreVoteResponse(state: RaftState, out: Effects, message: MessageOf<"pre-vote-response">): void {
  const { role } = state
  if (role.kind !== "pre-candidate") return
  if (message.granted && message.term !== state.term + 1) return // of an earlier attempt
  role.votes.set(message.from, message.granted)
  const outcome = tally(state.log.configuration, role.votes)
  if (outcome === "won") campaign(state, out)
  else if (outcome === "lost") follow(state, out, state.term, noMember)
}

export function onVoteRequest(
  state: RaftState,
  out: Effects,
  { from, last, transfer }: MessageOf<"vote-request">,
): void {
  // Of this term already, though a leader of an earlier one still relies on this member: see lease.ts.
  if (!transfer && state.vote !== from && isPromised(state)) return
  // One vote a term, first come first served (paper §5.2); asked again by the same candidate, the same answer.
  const free = state.vote === from || (state.vote === noMember && leaderOf(state) === noMember)
  const granted = free && state.log.isNotAheadOf(last)
  if (granted) {
    if (state.vote !== from) {
      state.vote = from
      persistHardState(state, out)
    }
    restartTimer(state)
  }
  sendDurable(state, out, from, { type: "vote-response", granted })
}

export function onVoteResponse(state: RaftState, out: Effects, { from, granted }: MessageOf<"vote-response">): void {
  const { role } = state
  if (role.kind !== "candidate") return
  role.votes.set(from, granted)
  const outcome = tally(state.log.configuration, role.votes)
  if (outcome === "won") lead(state, out)
  else if (outcome === "lost") follow(state, out, state.term, noMember)
}

function others(state: RaftState): readonly MemberId[] {
  return members(state.log.configuration).filter(
    (member) => member !== state.id && isVoter(state.log.configuration, member),
  )
}
