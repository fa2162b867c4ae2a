import { assert } from "@wick/sdk/assert"
import type { Effects } from "./effects.ts"
import { lead } from "./lead.ts"
import type { MemberId, MessageOf } from "./message.ts"
import { noMember } from "./message.ts"
import { isVoter, members, tally } from "./quorum.ts"
import { persistHardState, sendAtOnce, sendDurable } from "./send.ts"
import { leaderOf, type RaftState } from "./state.ts"

/** Follows `leader` in `term`; a term that is new is one in which this member has not voted. */
export function follow(state: RaftState, out: Effects, term: number, leader: MemberId): void {
  assert(term >= state.term, "terms do not fall")
  const { role } = state
  if (role.kind === "leader") {
    for (const { read, from } of [...role.reads, ...role.earlyReads]) if (from === state.id) out.readsLost.push(read)
  }
  if (term > state.term) {
    state.term = term
    state.vote = noMember
    persistHardState(state, out)
  }
  state.role = { kind: "follower", leader }
  restartTimer(state)
}

/** Each timeout is drawn anew, so that members which collided once do not collide again (paper §5.2). */
export function restartTimer(state: RaftState): void {
  state.elapsed = 0
  state.heartbeatElapsed = 0
  state.timeoutTicks = state.electionTicks + (state.jitter % state.electionTicks)
}

/** No leader was heard of: asks whether it could win, before it disturbs anyone with a new term (§9.6). */
export function standForElection(state: RaftState, out: Effects): void {
  if (!isVoter(state.configuration, state.id)) return
  restartTimer(state)
  const votes = new Map([[state.id, true]])
  state.role = { kind: "pre-candidate", votes }
  if (tally(state.configuration, votes) === "won") {
    campaign(state, out)
    return
  }
  const request = { type: "pre-vote-request", last: state.log.last } as const
  for (const to of others(state)) sendAtOnce(state, out, to, request, state.term + 1)
}

/** Begins a term and asks for votes. Its own vote counts like any other: once it is durable (paper §5.2). */
function campaign(state: RaftState, out: Effects): void {
  state.term++
  state.vote = state.id
  persistHardState(state, out)
  restartTimer(state)
  state.role = { kind: "candidate", votes: new Map() }
  sendDurable(state, out, state.id, { type: "vote-response", granted: true })
  // The request too tells of the new term, in which this member must not vote for another after a crash.
  for (const to of others(state)) sendDurable(state, out, to, { type: "vote-request", last: state.log.last })
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
  const outcome = tally(state.configuration, role.votes)
  if (outcome === "won") campaign(state, out)
  else if (outcome === "lost") follow(state, out, state.term, noMember)
}

export function onVoteRequest(state: RaftState, out: Effects, { from, last }: MessageOf<"vote-request">): void {
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
  const outcome = tally(state.configuration, role.votes)
  if (outcome === "won") lead(state, out)
  else if (outcome === "lost") follow(state, out, state.term, noMember)
}

function others(state: RaftState): readonly MemberId[] {
  return members(state.configuration).filter((member) => member !== state.id && isVoter(state.configuration, member))
}
