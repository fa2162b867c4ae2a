import { assert } from "@wick/sdk/assert"
import type { Effects } from "./effects.ts"
import type { Entry, MemberId, Message, MessageBody } from "./message.ts"
import { createRaft, type RaftState } from "./state.ts"
import { type Input, step } from "./step.ts"

/** Member 1 under test, of 1, 2 and 3, and what others tell it. */

export const three = { voters: [1, 2, 3], outgoing: [], learners: [] }
export const electionTicks = 10

export interface Given {
  term?: number
  vote?: MemberId
  commit?: number
  /** Terms of the entries in the log, from index 1. */
  log?: readonly number[]
  voters?: readonly MemberId[]
}

export const entries = (terms: readonly number[], from = 1): Entry[] =>
  terms.map((term, at) => ({ index: from + at, term, kind: "command", data: Uint8Array.of(at) }))

export function member({ term = 0, vote = 0, commit = 0, log = [], voters = three.voters }: Given = {}): RaftState {
  return createRaft({
    id: 1,
    electionTicks,
    heartbeatTicks: 1,
    hardState: { term, vote, commit },
    configuration: { ...three, voters },
    applied: { index: 0, term: 0 },
    entries: entries(log),
    jitter: 0,
  })
}

export const from = (sender: MemberId, term: number, body: MessageBody): Input => ({
  kind: "received",
  message: { from: sender, to: 1, term, ...body } as Message,
})
export const tick: Input = { kind: "tick", jitter: 0 }
export const granted = { type: "vote-response", granted: true } as const
export const wouldVote = { type: "pre-vote-response", granted: true } as const

export const sent = ({ sendAtOnce, sendAfterPersist }: Effects): Message[] => [...sendAtOnce, ...sendAfterPersist]
export const sentTo = (effects: Effects, to: MemberId): Message | undefined =>
  sent(effects).find((message) => message.to === to)

/** Steps, and hands messages that a member sends itself back to it, as its outside does once the disk has written. */
export function run(state: RaftState, ...inputs: readonly Input[]): Effects[] {
  const queue = [...inputs]
  const all: Effects[] = []
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    const effects = step(state, input)
    all.push(effects)
    for (const message of effects.sendAfterPersist) {
      if (message.to === state.id) queue.unshift({ kind: "received", message })
    }
  }
  return all
}

export function ticks(state: RaftState, count: number): Effects[] {
  return run(state, ...Array.from({ length: count }, () => tick))
}

/** Makes member 1 the leader of the next term with member 2's vote. */
export function elect(state: RaftState): RaftState {
  run(state, { kind: "campaign" })
  run(state, from(2, state.term + 1, wouldVote))
  run(state, from(2, state.term, granted))
  assert(state.role.kind === "leader", "the vote was won")
  return state
}

export const propose = (text: string): Input => ({ kind: "proposed", commands: [Buffer.from(text)] })
export const committed = (all: readonly Effects[]): number[] =>
  all.flatMap(({ commit }) => commit.map(({ index }) => index))
