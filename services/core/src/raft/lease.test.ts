import { describe, expect, it } from "vitest"
import type { Effects } from "./effects.ts"
import { leaseHolds } from "./lease.ts"
import { createRaft, type RaftState } from "./state.ts"
import type { Input } from "./step.ts"
import { elect, electionTicks, from, granted, run, sent, three, wouldVote } from "./testing.ts"

/** Reads that rest on a lease (§6.4.1). Ticks are 100 ms apart, clocks differ by a tenth at most: 819 ms in all. */

const terms = { tickMs: 100, driftMax: 1.1 }
const leaseMs = Math.ceil(((electionTicks - 1) * terms.tickMs) / terms.driftMax)

function member(lease: typeof terms | "none" = terms, term = 0): RaftState {
  return createRaft({
    id: 1,
    electionTicks,
    heartbeatTicks: 1,
    hardState: { term, vote: 0, commit: 0 },
    configuration: three,
    applied: { index: 0, term: 0 },
    entries: [],
    jitter: 0,
    lease: lease === "none" ? undefined : lease,
  })
}

/** Leads, and has committed an entry of its own term. */
function leader(lease: typeof terms | "none" = terms): RaftState {
  const state = elect(member(lease))
  run(state, from(2, 1, { type: "append-accepted", match: 1 }))
  return state
}

const tickAt = (nowMs: number): Input => ({ kind: "tick", jitter: 0, nowMs })
const readAt = (nowMs: number): Input => ({ kind: "read", read: 7, nowMs })
const answersRound = (round: number, member = 2): Input => from(member, 1, { type: "heartbeat-response", round })
const heartbeat = (term = 1): Input => from(2, term, { type: "heartbeat", commit: 0, round: 1 })
const asksForVote = (term: number, transfer = false): Input =>
  from(3, term, { type: "vote-request", last: { index: 9, term }, transfer })
const answered = (all: readonly Effects[]): unknown[] => all.flatMap(({ reads }) => reads)
const votes = (all: readonly Effects[]): unknown[] => all.flatMap(sent).filter(({ type }) => type === "vote-response")

describe("a lease", () => {
  it("answers reads without a message, from when a quorum has answered a round until it runs out", () => {
    const state = leader()
    run(state, tickAt(5_000), answersRound(1))
    const all = run(state, readAt(5_000 + leaseMs - 1))
    expect(answered(all)).toEqual([{ read: 7, index: 1 }])
    expect(all.flatMap(sent)).toEqual([])
    expect(answered(run(state, readAt(5_000 + leaseMs)))).toEqual([])
  })

  it("counts from when the round began, not from when it was answered", () => {
    const state = leader()
    run(state, tickAt(1_000), tickAt(1_500), answersRound(1))
    expect([leaseHolds(state, 1_000 + leaseMs - 1), leaseHolds(state, 1_000 + leaseMs)]).toEqual([true, false])
    run(state, answersRound(2))
    expect(leaseHolds(state, 1_500 + leaseMs - 1)).toBe(true)
  })

  it("is shorter than the others' promise by as much as clocks may differ", () => {
    const state = leader({ tickMs: 100, driftMax: 2 })
    run(state, tickAt(0), answersRound(1))
    expect([leaseHolds(state, 449), leaseHolds(state, 450)]).toEqual([true, false])
  })

  it("is not there unless it was asked for, nor before a quorum has answered, nor without a clock", () => {
    const without = leader("none")
    run(without, tickAt(0), answersRound(1))
    expect(answered(run(without, readAt(1)))).toEqual([])
    const early = leader()
    run(early, tickAt(0))
    expect(answered(run(early, readAt(1)))).toEqual([])
    run(early, answersRound(1))
    expect(answered(run(early, { kind: "read", read: 7 }))).toEqual([])
  })

  it("is not there before an entry of the leader's own term is committed (§6.4)", () => {
    const state = elect(member())
    run(state, tickAt(0), answersRound(1))
    expect(leaseHolds(state, 1)).toBe(false)
  })

  it("ends for good when somebody was told to take over (§3.10): that message may arrive however late", () => {
    const state = leader()
    run(state, tickAt(0), answersRound(1), { kind: "transfer", to: 2 })
    expect(leaseHolds(state, 1)).toBe(false)
    for (let at = 1; at <= electionTicks; at++) run(state, tickAt(at * 100), answersRound(1 + at))
    expect(state.role).toMatchObject({ kind: "leader", transfer: undefined })
    expect(leaseHolds(state, electionTicks * 100 + 1)).toBe(false)
  })

  it("ends with the leadership", () => {
    const state = leader()
    run(state, tickAt(0), answersRound(1), heartbeat(2))
    expect(leaseHolds(state, 1)).toBe(false)
  })
})

describe("what a lease rests on", () => {
  it("a member that was just started votes for nobody: it may have promised so", () => {
    const state = member(terms, 1)
    expect(votes(run(state, asksForVote(2)))).toEqual([])
    for (let at = 0; at < electionTicks; at++) run(state, tickAt(at))
    expect(votes(run(state, asksForVote(state.term + 1)))).toMatchObject([{ granted: true }])
  })

  it("a member that learns of a later term keeps what it promised in the one before", () => {
    const state = member(terms, 1)
    run(state, heartbeat(), from(3, 2, { type: "pre-vote-response", granted: false }))
    expect(state).toMatchObject({ term: 2, role: { leader: 0 } })
    expect(votes(run(state, asksForVote(2)))).toEqual([])
  })

  it("nobody stands for election within its own promise, even when told to", () => {
    const state = member(terms, 1)
    run(state, heartbeat(), { kind: "campaign" })
    expect(state.role.kind).toBe("follower")
  })

  it("who was chosen by the leader itself is voted for at once", () => {
    const state = member(terms, 1)
    expect(votes(run(state, heartbeat(), asksForVote(2, true)))).toMatchObject([{ granted: true }])
  })

  it("a new cluster elects its first leader without waiting", () => {
    const state = member(terms)
    run(state, { kind: "campaign" }, from(2, 1, wouldVote), from(2, 1, granted))
    expect(state.role.kind).toBe("leader")
  })
})
