import { describe, expect, it } from "vitest"
import type { Effects } from "./effects.ts"
import type { MessageOf } from "./message.ts"
import type { RaftState } from "./state.ts"
import type { Input } from "./step.ts"
import { elect, from, member, propose, run, sent } from "./testing.ts"

/** What a leader has on its way to one follower (§10.2.1, §10.2.2). */

const appends = (all: readonly Effects[]): MessageOf<"append">[] =>
  all.flatMap(sent).filter((message) => message.type === "append" && message.to === 2) as MessageOf<"append">[]
const entriesIn = (all: readonly Effects[]): number[] =>
  appends(all).flatMap(({ entries }) => entries.map(({ index }) => index))
const accepted = (match: number): Input => from(2, 1, { type: "append-accepted", match })

/** A leader that has found out that its follower 2 agrees. */
function leader(): RaftState {
  const state = elect(member())
  run(state, accepted(1))
  return state
}

const mebibyte = (): Input => ({ kind: "proposed", commands: [Buffer.alloc(1024 * 1024)] })

describe("flow control of a follower", () => {
  it("sends on without waiting for answers (§10.2.1)", () => {
    const all = run(leader(), propose("a"), propose("b"), propose("c"))
    expect(entriesIn(all)).toEqual([2, 3, 4])
  })

  it("stops at a number of messages, and goes on with what was answered", () => {
    const state = leader()
    const proposals = Array.from({ length: 300 }, () => propose("x"))
    expect(appends(run(state, ...proposals))).toHaveLength(256)
    const [next] = appends(run(state, accepted(11)))
    // What had to wait goes in one message (batching, §10.2.2).
    expect(next?.entries.map(({ index }) => index)).toEqual(Array.from({ length: 44 }, (_, at) => 258 + at))
  })

  it("stops at a number of bytes, and goes on with what was answered", () => {
    const state = leader()
    const all = run(state, ...Array.from({ length: 20 }, mebibyte))
    expect(entriesIn(all)).toHaveLength(16)
    expect(entriesIn(run(state, accepted(2)))).toEqual([18])
    expect(entriesIn(run(state, accepted(2)))).toEqual([])
    expect(entriesIn(run(state, accepted(9)))).toEqual([19, 20, 21])
  })

  it("counts one answer for all that it stands for: those between may have been lost", () => {
    const state = leader()
    run(state, ...Array.from({ length: 16 }, mebibyte))
    run(state, accepted(17))
    expect(entriesIn(run(state, ...Array.from({ length: 20 }, mebibyte)))).toHaveLength(16)
  })

  it("lets an entry larger than the bound pass", () => {
    const state = leader()
    const huge: Input = { kind: "proposed", commands: [Buffer.alloc(17 * 1024 * 1024)] }
    expect(entriesIn(run(state, huge, propose("x")))).toEqual([2])
    expect(entriesIn(run(state, accepted(2)))).toEqual([3])
  })

  it("asks again where all that was on its way is lost, when the follower answers a heartbeat", () => {
    const state = leader()
    run(state, ...Array.from({ length: 20 }, mebibyte))
    const rejected = from(2, 1, { type: "append-rejected", rejected: 17, hint: { index: 1, term: 1 } })
    expect(appends(run(state, from(2, 1, { type: "heartbeat-response", round: 0 })))).not.toEqual([])
    expect(entriesIn(run(state, rejected))).toEqual([2])
  })

  it("puts many small entries into few messages, however empty they are (§10.2.2)", () => {
    const state = elect(member())
    run(state, { kind: "proposed", commands: Array.from({ length: 100_000 }, () => Buffer.alloc(0)) })
    const messages = appends(run(state, accepted(1)))
    expect(messages).toHaveLength(2)
    expect(messages[0]?.entries).toHaveLength(65_536)
  })
})
