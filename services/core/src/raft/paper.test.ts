import { describe, expect, it } from "vitest"
import type { Effects } from "./effects.ts"
import type { MemberId, MessageOf } from "./message.ts"
import { leaderOf, type RaftState } from "./state.ts"
import { type Input, step } from "./step.ts"
import {
  committed,
  elect,
  electionTicks,
  entries,
  from,
  granted,
  member,
  propose,
  run,
  sent,
  sentTo,
  three,
  ticks,
  wouldVote,
} from "./testing.ts"
import { needsTicks } from "./tick.ts"

/** One test for each rule, named by the section that states it. */

describe("terms (paper §5.1)", () => {
  it.each([
    { role: "follower", become: () => {} },
    { role: "candidate", become: (state: RaftState) => run(state, { kind: "campaign" }, from(2, 2, wouldVote)) },
    { role: "leader", become: elect },
  ])("a $role that hears of a higher term follows in it", ({ become }) => {
    const state = member({ term: 1, log: [1] })
    become(state)
    run(state, from(3, 9, { type: "append", previous: { index: 0, term: 0 }, entries: [], commit: 0 }))
    expect(state).toMatchObject({ term: 9, vote: 0, role: { kind: "follower", leader: 3 } })
  })

  it("a message of an old term changes nothing, and a leader of an old term is told so", () => {
    const state = member({ term: 5 })
    const [effects] = run(
      state,
      from(2, 4, { type: "append", previous: { index: 0, term: 0 }, entries: entries([4]), commit: 1 }),
    )
    expect(state.log.last.index).toBe(0)
    expect(effects && sentTo(effects, 2)).toMatchObject({ type: "append-rejected", term: 5 })
  })

  it("term and vote are durable before anyone is told", () => {
    const [effects] = run(
      member({ term: 1 }),
      from(2, 2, { type: "vote-request", last: { index: 0, term: 0 }, transfer: false }),
    )
    expect(effects?.persist.hardState).toEqual({ term: 2, vote: 2, commit: 0 })
    expect(effects?.sendAfterPersist).toMatchObject([{ type: "vote-response", granted: true }])
    expect(effects?.sendAtOnce).toEqual([])
  })
})

describe("election (paper §5.2)", () => {
  it("begins when no leader was heard of for the election timeout", () => {
    const state = member()
    expect(ticks(state, electionTicks - 1).flatMap(sent)).toEqual([])
    expect(ticks(state, 1).flatMap(sent)).toMatchObject([{ type: "pre-vote-request" }, { type: "pre-vote-request" }])
  })

  it("draws each timeout anew between one and two election timeouts", () => {
    const state = member()
    const timeouts = [0, 3, 9].map((jitter) => {
      run(state, { kind: "tick", jitter })
      run(state, from(2, state.term + 1, { type: "heartbeat", commit: 0, round: 1 }))
      return state.timeoutTicks
    })
    expect(timeouts).toEqual([10, 13, 19])
  })

  it("a candidate votes for itself, and leads with a majority", () => {
    const state = member()
    run(state, { kind: "campaign" }, from(2, 1, wouldVote))
    expect(state).toMatchObject({ term: 1, vote: 1, role: { kind: "candidate" } })
    run(state, from(3, 1, granted))
    expect(leaderOf(state)).toBe(1)
  })

  it("its own vote counts only when it is durable", () => {
    const state = member({ voters: [1] })
    const effects = step(state, { kind: "campaign" })
    expect(state.role.kind).toBe("candidate")
    for (const message of effects.sendAfterPersist) step(state, { kind: "received", message })
    expect(state.role.kind).toBe("leader")
  })

  it("a candidate that a majority refuses follows again", () => {
    const state = member()
    run(state, { kind: "campaign" }, from(2, 1, wouldVote))
    run(state, from(2, 1, { ...granted, granted: false }), from(3, 1, { ...granted, granted: false }))
    expect(state.role.kind).toBe("follower")
  })

  it("a candidate that hears of the term's leader follows it", () => {
    const state = member()
    run(state, { kind: "campaign" }, from(2, 1, wouldVote))
    run(state, from(3, 1, { type: "heartbeat", commit: 0, round: 1 }))
    expect(state.role).toEqual({ kind: "follower", leader: 3 })
  })

  it("one vote a term, first come, first served; asked again, the same answer", () => {
    const state = member({ term: 1 })
    const ask = (candidate: MemberId): unknown =>
      run(state, from(candidate, 2, { type: "vote-request", last: { index: 0, term: 0 }, transfer: false }))[0]
        ?.sendAfterPersist[0]
    expect(ask(2)).toMatchObject({ granted: true })
    expect(ask(3)).toMatchObject({ granted: false })
    expect(ask(2)).toMatchObject({ granted: true })
  })

  it("a vote outlives a restart", () => {
    const state = member({ term: 2, vote: 2 })
    const [effects] = run(state, from(3, 2, { type: "vote-request", last: { index: 9, term: 2 }, transfer: false }))
    expect(effects?.sendAfterPersist).toMatchObject([{ granted: false }])
  })
})

describe("replication (paper §5.3)", () => {
  it("a leader sends a command to all at once, and commits it when a majority has it", () => {
    const state = elect(member())
    for (const follower of [2, 3]) run(state, from(follower, 1, { type: "append-accepted", match: 1 }))
    const [proposed] = run(state, propose("x"))
    expect(proposed?.sendAtOnce.filter(({ type }) => type === "append").map(({ to }) => to)).toEqual([2, 3])
    expect(state.commit).toBe(1)
    expect(committed(run(state, from(2, 1, { type: "append-accepted", match: 2 })))).toEqual([2])
  })

  it("without its own disk a leader commits what a majority of the others has, but applies it only when it has it too", () => {
    const state = elect(member())
    const effects = step(state, propose("x"))
    run(state, from(2, 1, { type: "append-accepted", match: 2 }), from(3, 1, { type: "append-accepted", match: 2 }))
    expect(state).toMatchObject({ commit: 2, handedOut: 1 })
    for (const message of effects.sendAfterPersist) step(state, { kind: "received", message })
    expect(state.handedOut).toBe(2)
  })

  it("a follower refuses entries that do not follow on its own, and says where the logs may agree", () => {
    const state = member({ term: 3, log: [1, 1, 2] })
    const append = { type: "append", previous: { index: 5, term: 3 }, entries: entries([3], 6), commit: 0 } as const
    const [effects] = run(state, from(2, 3, append))
    expect(effects && sentTo(effects, 2)).toMatchObject({
      type: "append-rejected",
      rejected: 5,
      hint: { index: 3, term: 2 },
    })
  })

  it("a follower replaces what conflicts with its leader's log, and all after it", () => {
    const state = member({ term: 3, log: [1, 2, 2] })
    const append = { type: "append", previous: { index: 1, term: 1 }, entries: entries([3], 2), commit: 0 } as const
    const [effects] = run(state, from(2, 3, append))
    expect(state.log.last).toMatchObject({ index: 2, term: 3 })
    expect(effects?.persist.entries).toMatchObject([{ index: 2, term: 3 }])
  })

  it("a follower keeps what an old, delayed append does not mention", () => {
    const state = member({ term: 2, log: [1, 2, 2] })
    const append = { type: "append", previous: { index: 0, term: 0 }, entries: entries([1]), commit: 0 } as const
    run(state, from(2, 2, append))
    expect(state.log.last.index).toBe(3)
  })

  it("a follower acknowledges only after its disk", () => {
    const append = { type: "append", previous: { index: 0, term: 0 }, entries: entries([1]), commit: 0 } as const
    const [effects] = run(member({ term: 1 }), from(2, 1, append))
    expect(effects?.sendAtOnce).toEqual([])
    expect(effects?.sendAfterPersist).toContainEqual(expect.objectContaining({ type: "append-accepted", match: 1 }))
  })

  it("a leader goes back over a whole term of conflicts at a time", () => {
    const state = elect(member({ term: 4, log: [1, 1, 4, 4] }))
    const hint = { index: 5, term: 2 } as const
    const [effects] = run(state, from(2, 5, { type: "append-rejected", rejected: 4, hint }))
    const append = effects && (sentTo(effects, 2) as MessageOf<"append">)
    expect(append?.previous).toEqual({ index: 2, term: 1 })
  })

  it("a leader overwrites nothing in its own log", () => {
    const state = elect(member({ term: 1, log: [1, 1] }))
    run(state, propose("a"), propose("b"))
    expect(state.log.slice(0, 9).map(({ term }) => term)).toEqual([1, 1, 2, 2, 2])
  })
})

describe("safety (paper §5.4)", () => {
  it.each([
    { name: "an older last term", last: { index: 9, term: 1 }, granted: false },
    { name: "a shorter log of the same last term", last: { index: 1, term: 2 }, granted: false },
    { name: "the same log", last: { index: 2, term: 2 }, granted: true },
    { name: "a shorter log of a newer last term", last: { index: 1, term: 3 }, granted: true },
  ])("a candidate with $name gets the vote: $granted (§5.4.1)", ({ last, granted }) => {
    const state = member({ term: 3, log: [1, 2] })
    const [effects] = run(state, from(2, 4, { type: "vote-request", last, transfer: false }))
    expect(effects?.sendAfterPersist).toMatchObject([{ type: "vote-response", granted }])
  })

  it("an entry of an earlier term is not committed by counting, only along with one of this term (§5.4.2)", () => {
    const state = elect(member({ term: 2, log: [1, 2] }))
    expect(committed(run(state, from(2, 3, { type: "append-accepted", match: 2 })))).toEqual([])
    expect(committed(run(state, from(2, 3, { type: "append-accepted", match: 3 })))).toEqual([1, 2, 3])
  })

  it("a follower commits no further than its leader's message shows that their logs agree (figure 2)", () => {
    const state = member({ term: 2, log: [1, 1, 1] })
    const append = { type: "append", previous: { index: 0, term: 0 }, entries: entries([1]), commit: 3 } as const
    expect(committed(run(state, from(2, 2, append)))).toEqual([1])
  })
})

describe("pre-vote (§9.6)", () => {
  it("a member that is cut off raises no term, however long", () => {
    const state = member({ term: 3 })
    ticks(state, 500)
    expect(state.term).toBe(3)
  })

  it("granting one spends no vote and raises no term", () => {
    const state = member({ term: 1 })
    for (const candidate of [2, 3]) {
      const [effects] = run(state, from(candidate, 2, { type: "pre-vote-request", last: { index: 0, term: 0 } }))
      expect(effects && sentTo(effects, candidate)).toMatchObject({ type: "pre-vote-response", granted: true, term: 2 })
    }
    expect(state).toMatchObject({ term: 1, vote: 0 })
  })

  it("who lags behind in term learns so from the refusal", () => {
    const [effects] = run(member({ term: 7 }), from(2, 3, { type: "pre-vote-request", last: { index: 0, term: 0 } }))
    expect(effects && sentTo(effects, 2)).toMatchObject({ granted: false, term: 7 })
  })
})

describe("disruption (§4.2.3, §6.2)", () => {
  it("who hears its leader does not listen to candidates", () => {
    const state = member({ term: 1 })
    run(state, from(2, 1, { type: "heartbeat", commit: 0, round: 1 }))
    const ask = (): Effects[] =>
      run(state, from(3, 9, { type: "vote-request", last: { index: 9, term: 8 }, transfer: false }))
    expect(ask().flatMap(sent)).toEqual([])
    expect(state.term).toBe(1)
    ticks(state, electionTicks)
    expect(ask().flatMap(sent)).toMatchObject([{ type: "vote-response", granted: true }])
  })

  it("a leader that hears of no quorum steps down within two election timeouts", () => {
    const state = elect(member())
    ticks(state, 2 * electionTicks)
    expect(leaderOf(state)).not.toBe(1)
  })

  it("a leader that hears of a quorum stays", () => {
    const state = elect(member())
    for (let at = 0; at < 5 * electionTicks; at++) {
      ticks(state, 1)
      run(state, from(3, 1, { type: "heartbeat-response", round: 0 }))
    }
    expect(leaderOf(state)).toBe(1)
  })
})

describe("reads (§6.4)", () => {
  const read: Input = { kind: "read", read: 42 }
  const answered = (all: readonly Effects[]): unknown[] => all.flatMap(({ reads }) => reads)

  it("wait until the leader has committed an entry of its own term", () => {
    const state = elect(member({ term: 1, log: [1] }))
    const round = { type: "heartbeat-response", round: 1 } as const
    expect(answered(run(state, read, from(2, 2, round)))).toEqual([])
    run(state, from(2, 2, { type: "append-accepted", match: 2 }))
    expect(answered(run(state, from(2, 2, round)))).toEqual([{ read: 42, index: 2 }])
  })

  it("are confirmed only by a quorum that answers a heartbeat sent after them", () => {
    const state = elect(member())
    run(state, from(2, 1, { type: "append-accepted", match: 1 }))
    run(state, read)
    expect(answered(run(state, from(2, 1, { type: "heartbeat-response", round: 0 })))).toEqual([])
    expect(answered(run(state, from(3, 1, { type: "heartbeat-response", round: 1 })))).toEqual([{ read: 42, index: 1 }])
  })

  it("of a follower go to its leader and come back with an index", () => {
    const state = member({ term: 1 })
    run(state, from(2, 1, { type: "heartbeat", commit: 0, round: 1 }))
    const [asked] = run(state, read)
    expect(asked && sentTo(asked, 2)).toMatchObject({ type: "read-request", read: 42 })
    expect(answered(run(state, from(2, 1, { type: "read-response", read: 42, index: 7 })))).toEqual([
      { read: 42, index: 7 },
    ])
  })

  it("are lost with the leadership, not answered", () => {
    const state = elect(member())
    run(state, from(2, 1, { type: "append-accepted", match: 1 }), read)
    const all = run(state, from(3, 2, { type: "heartbeat", commit: 0, round: 1 }))
    expect(answered(all)).toEqual([])
    expect(all.flatMap(({ readsLost }) => readsLost)).toEqual([42])
  })

  it("of a member that is alone need no message and no disk", () => {
    const state = member({ voters: [1] })
    run(state, { kind: "campaign" })
    const all = run(state, read)
    expect(answered(all)).toEqual([{ read: 42, index: 1 }])
    expect(all.flatMap(sent)).toEqual([])
  })
})

describe("snapshots (§5.1, paper §7)", () => {
  it("a leader sends the state to who needs what its log no longer has", () => {
    const state = elect(member({ term: 1, log: [1, 1, 1] }))
    run(state, from(2, 2, { type: "append-accepted", match: 4 }), { kind: "compact", index: 3 })
    const rejection = { type: "append-rejected", rejected: 3, hint: { index: 0, term: 0 } } as const
    const [effects] = run(state, from(3, 2, rejection))
    expect(effects && sentTo(effects, 3)).toMatchObject({ type: "snapshot", at: { index: 3, term: 1 } })
    const [next] = run(state, from(3, 2, { type: "append-accepted", match: 3 }))
    expect(next && sentTo(next, 3)).toMatchObject({ type: "append", previous: { index: 3 }, entries: [{ index: 4 }] })
  })

  it("the state that did not arrive is sent again, when its receiver answers", () => {
    const state = elect(member({ term: 1, log: [1, 1] }))
    run(state, from(2, 2, { type: "append-accepted", match: 3 }), { kind: "compact", index: 2 })
    run(state, from(3, 2, { type: "append-rejected", rejected: 2, hint: { index: 0, term: 0 } }))
    run(state, { kind: "snapshot-sent", member: 3, arrived: false })
    const [effects] = run(state, from(3, 2, { type: "heartbeat-response", round: 0 }))
    expect(effects && sentTo(effects, 3)).toMatchObject({ type: "snapshot" })
  })

  it("when the answer to it is lost, the leader goes on from there, and does not send it again", () => {
    const state = elect(member({ term: 1, log: [1, 1] }))
    run(state, from(2, 2, { type: "append-accepted", match: 3 }), { kind: "compact", index: 2 })
    run(state, from(3, 2, { type: "append-rejected", rejected: 2, hint: { index: 0, term: 0 } }))
    run(state, { kind: "snapshot-sent", member: 3, arrived: true })
    const [effects] = run(state, from(3, 2, { type: "heartbeat-response", round: 0 }))
    expect(effects && sentTo(effects, 3)).toMatchObject({ type: "append", previous: { index: 2, term: 1 } })
  })

  it("a follower takes over a state that goes beyond its log, and not one that it has", () => {
    const state = member({ term: 3, log: [1] })
    const snapshot = (index: number): Input =>
      from(2, 3, { type: "snapshot", at: { index, term: 3 }, configuration: three })
    const [installed] = run(state, snapshot(9))
    expect(installed?.persist.snapshot?.at).toEqual({ index: 9, term: 3 })
    // Torn, the write could leave a commit index without the state that it is about.
    expect(installed?.persist.hardState).toBeUndefined()
    expect(state).toMatchObject({ commit: 9, handedOut: 9 })
    const [again] = run(state, snapshot(5))
    expect(again?.persist.snapshot).toBeUndefined()
    expect(again && sentTo(again, 2)).toMatchObject({ type: "append-accepted", match: 9 })
  })
})

it("a member that is alone leads at once, commits with its disk, and needs no ticks", () => {
  const state = member({ voters: [1] })
  run(state, { kind: "campaign" })
  expect(committed(run(state, propose("a")))).toEqual([2])
  expect(needsTicks(state)).toBe(false)
})

it("a proposal to who does not lead is refused, with the leader's name", () => {
  const state = member({ term: 1 })
  run(state, from(2, 1, { type: "heartbeat", commit: 0, round: 1 }))
  expect(run(state, propose("x"))[0]?.proposals).toEqual({ refusedFor: 2 })
})
