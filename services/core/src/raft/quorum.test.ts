import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { quorumReached, tally, winsAlone } from "./quorum.ts"

const of = (voters: number[], outgoing: number[] = []) => ({ voters, outgoing, learners: [9] })
const votes = (...granted: [number, boolean][]): Map<number, boolean> => new Map(granted)

describe("a vote", () => {
  it.each([
    { name: "of one is won with its own", in: of([1]), votes: votes([1, true]), outcome: "won" },
    { name: "of three is open with one", in: of([1, 2, 3]), votes: votes([1, true]), outcome: "open" },
    { name: "of three is won with two", in: of([1, 2, 3]), votes: votes([1, true], [3, true]), outcome: "won" },
    {
      name: "of three is lost with two refusals",
      in: of([1, 2, 3]),
      votes: votes([2, false], [3, false]),
      outcome: "lost",
    },
    {
      name: "of four is lost with two refusals",
      in: of([1, 2, 3, 4]),
      votes: votes([2, false], [3, false]),
      outcome: "lost",
    },
    { name: "is not helped by a learner", in: of([1, 2, 3]), votes: votes([1, true], [9, true]), outcome: "open" },
    {
      name: "in a change of members needs both majorities",
      in: of([1, 2, 3], [3, 4, 5]),
      votes: votes([1, true], [2, true], [3, true]),
      outcome: "open",
    },
    {
      name: "in a change of members is won with both",
      in: of([1, 2, 3], [3, 4, 5]),
      votes: votes([1, true], [3, true], [5, true]),
      outcome: "won",
    },
    {
      name: "in a change of members is lost with one",
      in: of([1, 2, 3], [3, 4, 5]),
      votes: votes([4, false], [5, false]),
      outcome: "lost",
    },
  ])("$name", ({ in: configuration, votes, outcome }) => {
    expect(tally(configuration, votes)).toBe(outcome)
  })
})

it("a quorum has reached exactly what a majority has, of each list", () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(list, fc.option(list, { nil: [] }), fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }), (a, b, at) => {
      const reached = quorumReached(of(a, b), (member) => at[member] ?? 0)
      const majorityHas = (voters: number[], index: number): boolean =>
        voters.length === 0 || voters.filter((voter) => (at[voter] ?? 0) >= index).length * 2 > voters.length
      expect(majorityHas(a, reached) && majorityHas(b, reached)).toBe(true)
      expect(majorityHas(a, reached + 1) && majorityHas(b, reached + 1)).toBe(false)
    }),
  )
})

it("a member wins alone exactly where its own vote decides", () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(list, fc.option(list, { nil: [] }), fc.integer({ min: 1, max: 3 }), (voters, outgoing, member) => {
      const configuration = of(voters, outgoing)
      expect(winsAlone(configuration, member)).toBe(tally(configuration, votes([member, true])) === "won")
    }),
  )
})
