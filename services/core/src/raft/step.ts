import { assert, unreachable } from "@wick/sdk/assert"
import { type Effects, noEffects } from "./effects.ts"
import {
  onPreVoteRequest,
  onPreVoteResponse,
  onTimeoutNow,
  onVoteRequest,
  onVoteResponse,
  standForElection,
} from "./election.ts"
import { follow, restartTimer } from "./follow.ts"
import { onAppendAccepted, onAppendRejected, onOwnPersisted, onSnapshotSent, propose, resume } from "./lead.ts"
import { isPromised, promise } from "./lease.ts"
import { handOver, type Membership, reconfigure, settleConfiguration, transferLeadership } from "./membership.ts"
import type { MemberId, Message, MessageOf } from "./message.ts"
import { noMember } from "./message.ts"
import { confirmReads, startRead } from "./read-index.ts"
import { onAppend, onHeartbeat, onSnapshot } from "./replica.ts"
import { handOutCommitted, sendAtOnce } from "./send.ts"
import { leaderOf, type RaftState } from "./state.ts"
import { tick } from "./tick.ts"

export type Input =
  /** `nowMs`, here and below, is of a clock that only runs forwards; it matters to leases alone, see lease.ts. */
  | { readonly kind: "tick"; readonly jitter: number; readonly nowMs?: number }
  | { readonly kind: "received"; readonly message: Message }
  | { readonly kind: "proposed"; readonly commands: readonly Uint8Array[] }
  /** `read` is a number of the asker's choice, which comes back in the effects. */
  | { readonly kind: "read"; readonly read: number; readonly nowMs?: number }
  /** Others are to be the members. */
  | ({ readonly kind: "reconfigure" } & Membership)
  /** Another member is to lead. */
  | { readonly kind: "transfer"; readonly to: MemberId }
  /** Stand for election without waiting: for a member that is alone, or that an operator chose. */
  | { readonly kind: "campaign" }
  /** The applied state is durable up to `index`: the log need not keep what is older. */
  | { readonly kind: "compact"; readonly index: number }
  /** The bytes of a state that was to be sent have arrived at the member, or could not be brought there. */
  | { readonly kind: "snapshot-sent"; readonly member: MemberId; readonly arrived: boolean }

/**
 * The whole of Raft: changes `state` by one input and returns what must be done, in which order. No clock, no disk, no
 * network, no chance but what comes in, so a cluster of any size can be replayed from its inputs.
 */
export function step(state: RaftState, input: Input): Effects {
  const out = noEffects()
  switch (input.kind) {
    case "tick":
      tick(state, out, input.jitter, input.nowMs)
      break
    case "received":
      receive(state, out, input.message)
      break
    case "proposed":
      propose(state, out, input.commands)
      break
    case "read":
      startRead(state, out, input.read, state.id, input.nowMs)
      break
    case "reconfigure":
      reconfigure(state, out, input)
      break
    case "transfer":
      transferLeadership(state, input.to)
      break
    case "campaign":
      if (state.role.kind !== "leader" && !isPromised(state)) standForElection(state, out)
      break
    case "compact":
      state.log.compact(Math.min(input.index, state.handedOut))
      break
    case "snapshot-sent":
      onSnapshotSent(state, input.member, input.arrived)
      break
    default:
      unreachable(input)
  }
  settleConfiguration(state, out)
  handOver(state, out)
  return out
}

function receive(state: RaftState, out: Effects, message: Message): void {
  // What this member's own disk has done is true in any term.
  if (message.type === "persisted") onPersisted(state, out, message)
  else if (message.term > state.term && !adoptTerm(state, out, message)) return
  else if (message.term < state.term) onOldTerm(state, out, message)
  else handlers[message.type](state, out, message as never) // the table pairs each type with its handler
}

type Handler<Type extends Message["type"]> = (state: RaftState, out: Effects, message: MessageOf<Type>) => void

/** One for each kind of message of this term: to forget one does not compile. */
const handlers: { readonly [Type in Exclude<Message["type"], "persisted">]: Handler<Type> } = {
  "pre-vote-request": onPreVoteRequest,
  "pre-vote-response": onPreVoteResponse,
  "vote-request": onVoteRequest,
  "vote-response": onVoteResponse,
  append: fromLeader(onAppend),
  "append-accepted": onAppendAccepted,
  "append-rejected": onAppendRejected,
  heartbeat: fromLeader(onHeartbeat),
  "heartbeat-response": onHeartbeatResponse,
  snapshot: fromLeader(onSnapshot),
  "timeout-now": onTimeoutNow,
  "read-request": (state, out, { read, from }) => startRead(state, out, read, from),
  "read-response": (_state, out, { read, index }) => void out.reads.push({ read, index }),
}

function fromLeader<Type extends "append" | "heartbeat" | "snapshot">(handle: Handler<Type>): Handler<Type> {
  return (state, out, message) => {
    const { term, from }: { term: number; from: MemberId } = message as Message
    hearLeader(state, out, term, from)
    promise(state)
    handle(state, out, message)
  }
}

/**
 * A higher term ends whatever this member was doing in its own (paper §5.1). Two exceptions: a pre-vote is about a term
 * that does not exist yet; and who hears its leader does not listen to candidates, else a member that cannot hear the
 * leader could depose it again and again (§4.2.3), unless that leader wants to be replaced (§3.10). Nor does who has promised
 * one (§6.4.1). False: the message is to be ignored.
 */
function adoptTerm(state: RaftState, out: Effects, message: Message): boolean {
  const asksForVote = message.type === "pre-vote-request" || message.type === "vote-request"
  const isWanted = message.type === "vote-request" && message.transfer
  const hearsLeader = leaderOf(state) !== noMember && state.elapsed < state.electionTicks
  if (asksForVote && !isWanted && (hearsLeader || isPromised(state))) return false
  if (message.type === "pre-vote-request") return true
  if (message.type === "pre-vote-response" && message.granted) return true
  follow(state, out, message.term, isFromLeader(message) ? message.from : noMember)
  return true
}

function isFromLeader({ type }: Message): boolean {
  return type === "append" || type === "heartbeat" || type === "snapshot"
}

/**
 * The sender does not know that its term is over. A leader that was cut off must be told, or it would go on sending to
 * members that ignore it; so must who asks for a pre-vote, or it would never learn how far it is behind.
 */
function onOldTerm(state: RaftState, out: Effects, message: Message): void {
  if (isFromLeader(message)) {
    sendAtOnce(state, out, message.from, { type: "append-rejected", rejected: 0, hint: state.log.start })
  } else if (message.type === "pre-vote-request") {
    sendAtOnce(state, out, message.from, { type: "pre-vote-response", granted: false })
  }
}

function hearLeader(state: RaftState, out: Effects, term: number, from: MemberId): void {
  // A candidate that hears of the term's leader has lost; two leaders in a term there are not (paper §5.2).
  assert(state.role.kind !== "leader", "a term has one leader")
  if (state.role.kind !== "follower" || state.role.leader !== from) follow(state, out, term, from)
  else restartTimer(state)
}

function onPersisted(state: RaftState, out: Effects, { at }: MessageOf<"persisted">): void {
  if (!state.log.markPersisted(at)) return // truncated while it was being written
  handOutCommitted(state, out)
  if (state.role.kind === "leader") onOwnPersisted(state, out)
}

function onHeartbeatResponse(state: RaftState, out: Effects, { from, round }: MessageOf<"heartbeat-response">): void {
  const { role } = state
  if (role.kind !== "leader") return
  const progress = role.progress.get(from)
  if (progress === undefined) return
  progress.heard()
  progress.round = Math.max(progress.round, round)
  confirmReads(state, role, out)
  resume(state, out, from, progress)
}
