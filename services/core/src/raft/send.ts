import type { Effects } from "./effects.ts"
import type { Entry, MemberId, Message, MessageBody } from "./message.ts"
import type { RaftState } from "./state.ts"

/** Messages are addressed in one place, so that none goes out with another term than it was meant for. */
function address(state: RaftState, to: MemberId, body: MessageBody, term: number): Message {
  return { from: state.id, to, term, ...body } as Message
}

/** For what promises nothing about the disk. */
export function sendAtOnce(state: RaftState, out: Effects, to: MemberId, body: MessageBody, term = state.term): void {
  out.sendAtOnce.push(address(state, to, body, term))
}

/** For votes and acknowledgements: they must be true after a crash too. */
export function sendDurable(state: RaftState, out: Effects, to: MemberId, body: MessageBody, term = state.term): void {
  out.sendAfterPersist.push(address(state, to, body, term))
}

/** Term or vote has changed. The commit index goes along only as far as the entries are known to be durable. */
export function persistHardState(state: RaftState, out: Effects): void {
  out.persist.hardState = { term: state.term, vote: state.vote, commit: state.handedOut }
}

/** Entries were put in the log: to be made durable, after which this member hears of it. */
export function persistEntries(state: RaftState, out: Effects, entries: readonly Entry[]): void {
  const last = entries[entries.length - 1]
  if (last === undefined) return
  for (const entry of entries) out.persist.entries.push(entry)
  sendDurable(state, out, state.id, { type: "persisted", at: { index: last.index, term: last.term } })
}

/** Hands out what is committed and durable here; the rest follows when it is both. */
export function handOutCommitted(state: RaftState, out: Effects): void {
  const until = Math.min(state.commit, state.log.persisted)
  if (until <= state.handedOut) return
  for (const entry of state.log.slice(state.handedOut, until)) out.commit.push(entry)
  state.handedOut = until
}
