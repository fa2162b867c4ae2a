import { describe, expect, it } from "vitest"
import { type Outcome, UnavailableError } from "#store"
import { Proposals } from "./proposals.ts"

const outcome = { kind: "done" } as unknown as Outcome

/** Asks for a write as the leader of `term`, whose log takes it in at `index`. */
function ask(proposals: Proposals, index: number, term: number): Promise<Outcome> {
  const asked = proposals.add(Buffer.from("command"), true)
  proposals.appended(proposals.takeBatch(1_000).proposals, { index, term })
  return asked
}

describe("a write that was asked for", () => {
  it("is answered when its entry is applied", async () => {
    const proposals = new Proposals(1, 0)
    const asked = ask(proposals, 3, 1)
    proposals.applied({ index: 3, term: 1 }, undefined, outcome)?.()
    expect(await asked).toBe(outcome)
  })

  it("is answered as unknown when its place is given away by the same member, which led, followed and leads again", async () => {
    const proposals = new Proposals(1, 0)
    const early = ask(proposals, 3, 1)
    const late = ask(proposals, 3, 3)
    await expect(early).rejects.toThrow(UnavailableError)
    proposals.applied({ index: 3, term: 3 }, undefined, outcome)?.()
    expect(await late).toBe(outcome)
    expect(proposals.refusal).toBeUndefined()
  })
})
