import { assert } from "@wick/sdk/assert"
import type { Effects } from "./effects.ts"
import type { MemberId } from "./message.ts"
import { noMember } from "./message.ts"
import { persistHardState } from "./send.ts"
import type { RaftState } from "./state.ts"

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
