import { describe, expect, it } from "vitest"
import { encodeConfiguration } from "./configuration.ts"
import type { Entry, MemberId } from "./message.ts"
import type { RaftState } from "./state.ts"
import type { Input } from "./step.ts"
import { committed, elect, entries, from, member, run } from "./testing.ts"

describe("membership (§4)", () => {
  const configured = (voters: readonly MemberId[], outgoing: readonly MemberId[] = []): Uint8Array =>
    encodeConfiguration({ voters, outgoing, learners: [] })
  const reconfigure = (...voters: MemberId[]): Input => ({ kind: "reconfigure", voters, learners: [] })
  const led = (): RaftState => {
    const state = elect(member())
    run(state, from(2, state.term, { type: "append-accepted", match: 1 }))
    return state
  }

  it("the latest configuration in the log counts, committed or not, and no more once it is replaced (§4.1)", () => {
    const state = member({ term: 1, log: [1] })
    const entry: Entry = { index: 2, term: 1, kind: "configuration", data: configured([1, 2]) }
    run(state, from(2, 1, { type: "append", previous: { index: 1, term: 1 }, entries: [entry], commit: 0 }))
    expect(state.log.configuration.voters).toEqual([1, 2])
    run(state, from(3, 2, { type: "append", previous: { index: 1, term: 1 }, entries: entries([2], 2), commit: 0 }))
    expect(state.log.configuration.voters).toEqual([1, 2, 3])
  })

  it("a change is committed by majorities of the old voters and of the new (§4.3)", () => {
    const state = led()
    run(state, reconfigure(1, 4, 5))
    expect(run(state, from(4, 1, { type: "append-accepted", match: 2 }))[0]?.commit).toEqual([])
    const [effects] = run(state, from(2, 1, { type: "append-accepted", match: 2 }))
    expect(committed(effects ? [effects] : [])).toEqual([2])
    expect(state.log.configuration).toEqual({ voters: [1, 4, 5], outgoing: [], learners: [] })
  })

  it.each([
    ["by who does not lead", member(), [1, 2], "not leader"],
    ["before the leader knows what is committed", elect(member()), [1, 2], "not ready"],
    ["to nobody", led(), [], "no voters"],
  ] as const)("is not changed %s", (_, state, voters, refused) => {
    const [effects] = run(state, reconfigure(...voters))
    expect(effects?.reconfiguration).toEqual({ refused })
  })

  it("who only learns counts for nothing (§4.2.1)", () => {
    const state = led()
    run(state, { kind: "reconfigure", voters: [1, 2, 3], learners: [4] })
    expect(state.log.configuration).toEqual({ voters: [1, 2, 3], outgoing: [], learners: [4] })
    expect(committed(run(state, from(4, 1, { type: "append-accepted", match: 2 })))).toEqual([])
    expect(committed(run(state, from(3, 1, { type: "append-accepted", match: 2 })))).toEqual([2])
  })

  it("a leader that is no member any more leads until the others can do without it (§4.2.2)", () => {
    const state = led()
    run(state, reconfigure(2, 3))
    run(state, from(2, 1, { type: "append-accepted", match: 2 }), from(3, 1, { type: "append-accepted", match: 2 }))
    expect(state).toMatchObject({ role: { kind: "leader" }, commit: 2 })
    run(state, from(2, 1, { type: "append-accepted", match: 3 }))
    expect(state.role.kind).toBe("leader")
    const [effects] = run(state, from(3, 1, { type: "append-accepted", match: 3 }))
    expect(state).toMatchObject({ role: { kind: "follower" }, commit: 3 })
    expect(effects?.sendAtOnce.filter(({ type }) => type === "timeout-now")).toHaveLength(1)
  })
})

describe("handing leadership over (§3.10)", () => {
  it("who is told to, stands at once and without asking, and is not held back by those who hear the leader", () => {
    const state = member({ term: 1, log: [1] })
    run(state, from(2, 1, { type: "append", previous: { index: 1, term: 1 }, entries: [], commit: 1 }))
    const [effects] = run(state, from(2, 1, { type: "timeout-now" }))
    expect(effects?.sendAfterPersist.find(({ to }) => to === 3)).toMatchObject({ type: "vote-request", transfer: true })
    const other = member({ term: 1, log: [1] })
    run(other, from(2, 1, { type: "append", previous: { index: 1, term: 1 }, entries: [], commit: 1 }))
    run(other, from(3, 2, { type: "vote-request", last: { index: 1, term: 1 }, transfer: true }))
    expect(other).toMatchObject({ term: 2, vote: 3 })
  })

  it("is heard only from the leader", () => {
    const state = member({ term: 1 })
    run(state, from(3, 1, { type: "timeout-now" }))
    expect(state).toMatchObject({ term: 1, role: { kind: "follower" } })
  })
})
