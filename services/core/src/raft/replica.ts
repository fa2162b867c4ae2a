import { assert } from "@wick/sdk/assert"
import type { Effects } from "./effects.ts"
import type { Entry, MessageOf } from "./message.ts"
import { handOutCommitted, persistEntries, sendAtOnce, sendDurable } from "./send.ts"
import type { RaftState } from "./state.ts"

/** What a follower does with its leader's messages (paper §5.3, figure 2: AppendEntries, receiver). */
export function onAppend(state: RaftState, out: Effects, message: MessageOf<"append">): void {
  const { log } = state
  const { from, previous, entries, commit } = message
  if (previous.index < state.commit && !log.has(previous)) {
    // An append from before what is committed here: all leaders' logs agree up to there (leader completeness).
    sendDurable(state, out, from, { type: "append-accepted", match: state.commit })
    return
  }
  if (!log.has(previous)) {
    const hint = log.lastWithTermUpTo(Math.min(previous.index, log.last.index), previous.term)
    sendAtOnce(state, out, from, { type: "append-rejected", rejected: previous.index, hint })
    return
  }
  const fresh = withoutKnown(state, entries)
  if (fresh[0] !== undefined) {
    if (fresh[0].index <= log.last.index) {
      assert(fresh[0].index > state.commit, "what is committed does not conflict with a leader's log")
      log.truncate(fresh[0].index)
    }
    log.append(fresh)
    persistEntries(state, out, fresh)
  }
  const match = previous.index + entries.length
  // Only as far as this message shows that the logs agree, not as far as the log happens to go.
  advanceCommitTo(state, out, Math.min(commit, match))
  sendDurable(state, out, from, { type: "append-accepted", match })
}

export function onHeartbeat(state: RaftState, out: Effects, { from, commit, round }: MessageOf<"heartbeat">): void {
  advanceCommitTo(state, out, Math.min(commit, state.log.last.index))
  sendAtOnce(state, out, from, { type: "heartbeat-response", round })
}

/** The bytes of the state have come; it replaces a log that does not go so far (paper §7, figure 13). */
export function onSnapshot(state: RaftState, out: Effects, { from, at, configuration }: MessageOf<"snapshot">): void {
  if (at.index <= state.commit) {
    sendDurable(state, out, from, { type: "append-accepted", match: state.commit })
    return
  }
  if (state.log.has(at)) {
    // It only tells what is committed: the entries are here already.
    advanceCommitTo(state, out, at.index)
    sendDurable(state, out, from, { type: "append-accepted", match: at.index })
    return
  }
  state.log.restart(at, configuration)
  state.commit = at.index
  state.handedOut = at.index
  out.persist.snapshot = { at, configuration }
  sendDurable(state, out, from, { type: "append-accepted", match: at.index })
}

function advanceCommitTo(state: RaftState, out: Effects, commit: number): void {
  if (commit <= state.commit) return
  state.commit = commit
  handOutCommitted(state, out)
}

/** Entries from the first one that the log lacks or has otherwise; the ones before it are the same (log matching). */
function withoutKnown(state: RaftState, entries: readonly Entry[]): readonly Entry[] {
  const at = entries.findIndex((entry) => !state.log.has(entry))
  return at === -1 ? [] : entries.slice(at)
}
