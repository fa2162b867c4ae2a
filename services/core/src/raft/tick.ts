import type { Effects } from "./effects.ts"
import { standForElection } from "./election.ts"
import { follow } from "./follow.ts"
import { sendHeartbeats } from "./heartbeat.ts"
import { noMember } from "./message.ts"
import { isAlone, tally } from "./quorum.ts"
import type { RaftState, Role } from "./state.ts"

/** Time is counted in ticks; `jitter` is the chance from which the next election timeout is drawn. */
export function tick(state: RaftState, out: Effects, jitter: number, nowMs: number | undefined): void {
  state.jitter = jitter
  state.elapsed++
  if (state.promisedTicks > 0) state.promisedTicks--
  if (state.role.kind === "leader") {
    tickLeader(state, state.role, out, nowMs)
  } else if (state.elapsed >= state.timeoutTicks) {
    standForElection(state, out)
  }
}

/** Whether ticks have anything to do: a leader without others needs no heartbeat, and nothing has to wake it. */
export function needsTicks(state: RaftState): boolean {
  return state.role.kind !== "leader" || !isAlone(state.log.configuration, state.id)
}

function tickLeader(
  state: RaftState,
  role: Role & { readonly kind: "leader" },
  out: Effects,
  nowMs: number | undefined,
): void {
  state.heartbeatElapsed++
  if (role.transfer !== undefined) {
    role.transfer.isTold = false
    role.transfer.ticksLeft--
    // Who was to take over has not: this member goes on.
    if (role.transfer.ticksLeft <= 0) role.transfer = undefined
  }
  if (state.elapsed >= state.electionTicks) {
    state.elapsed = 0
    if (!hasQuorum(state, role)) {
      follow(state, out, state.term, noMember)
      return
    }
  }
  if (state.heartbeatElapsed >= state.heartbeatTicks) sendHeartbeats(state, role, out, nowMs)
}

/** A leader that is cut off steps down, so that its clients look for the one which the others have elected (§6.2). */
function hasQuorum(state: RaftState, role: Role & { readonly kind: "leader" }): boolean {
  const heard = new Map<number, boolean>()
  for (const [member, progress] of role.progress) {
    heard.set(member, member === state.id || progress.active)
    progress.active = false
  }
  return tally(state.log.configuration, heard) === "won"
}
