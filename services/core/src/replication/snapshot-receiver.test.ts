import { expect, it } from "vitest"
import { NoSpaceError } from "#store"
import type { StateHome } from "./applied-state.ts"
import { SnapshotReceiver } from "./snapshot-receiver.ts"

const configuration = { voters: [1, 2, 3], outgoing: [], learners: [] }
const upTo = (index: number) =>
  ({ type: "snapshot", from: 1, to: 2, term: 1, at: { index, term: 1 }, configuration }) as const

it("a member lacks space from a state that it had no room for until it has what that would have brought", async () => {
  let commit = 5
  const states: Pick<StateHome, "receive"> = {
    receive: async () => {
      throw new NoSpaceError("no space for the state")
    },
  }
  const receiver = new SnapshotReceiver({
    states: states as StateHome,
    commit: () => commit,
    step: () => {},
    wake: () => {},
  })
  const nothing = (async function* () {})()
  expect(receiver.lacksSpace).toBe(false)
  await expect(receiver.receive(upTo(9), nothing)).rejects.toThrow(NoSpaceError)
  expect(receiver.lacksSpace).toBe(true)
  commit = 8
  expect(receiver.lacksSpace).toBe(true)
  commit = 9
  expect(receiver.lacksSpace).toBe(false)
})
