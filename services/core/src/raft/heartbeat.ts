import type { Effects } from "./effects.ts"
import { roundBegins } from "./lease.ts"
import { sendAtOnce } from "./send.ts"
import type { RaftState, Role } from "./state.ts"

/**
 * Tells every follower that its leader lives (paper §5.2). Carries a commit index that the follower is known to have
 * the entries for: a heartbeat does not check that the logs agree.
 */
export function sendHeartbeats(
  state: RaftState,
  role: Role & { readonly kind: "leader" },
  out: Effects,
  nowMs: number | undefined,
): void {
  role.round++
  if (state.lease !== undefined && nowMs !== undefined) roundBegins(role.lease, role.round, nowMs)
  state.heartbeatElapsed = 0
  for (const [member, progress] of role.progress) {
    if (member === state.id) continue
    const commit = Math.min(state.commit, progress.match)
    sendAtOnce(state, out, member, { type: "heartbeat", commit, round: role.round })
  }
}
