/**
 * Raft, the consensus algorithm, as one pure function: `step(state, input)` changes the state and returns effects, to be
 * carried out in the order of their fields. The same code serves one member and many.
 *
 * Invariants (paper, figure 3): at most one leader in a term; a leader only appends; logs that share an entry share all
 * before it; what is committed is in every later leader's log; no two members apply different entries at an index.
 *
 * May be imported by: replication. Imports nothing of core; touches no clock, no disk, no network, no source of chance.
 */
export type { Effects } from "./effects.ts"
export { type LeaseTerms, leaseHolds } from "./lease.ts"
export type {
  Configuration,
  Entry,
  HardState,
  LogPosition,
  MemberId,
  Message,
  MessageBody,
  MessageOf,
} from "./message.ts"
export { noMember } from "./message.ts"
export { readsNeedNobody } from "./read-index.ts"
export { appendSizeMaxUsual, createRaft, leaderOf, type RaftState, type Restart } from "./state.ts"
export { type Input, step } from "./step.ts"
export { needsTicks } from "./tick.ts"
