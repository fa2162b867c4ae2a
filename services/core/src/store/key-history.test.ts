import { expect, it } from "vitest"
import { KeyHistory } from "./key-history.ts"

/** Put at 2 and 5, deleted at 7, made anew at 9: the example in the head of the class. */
function example(): KeyHistory {
  const history = new KeyHistory("a")
  const versions: [number, number, number][] = [
    [2, 2, 1],
    [5, 2, 2],
    [7, 0, 0],
    [9, 9, 1],
  ]
  for (const [modRevision, createRevision, version] of versions) {
    history.append({ modRevision, sub: 0, createRevision, version, lease: 0 })
  }
  return history
}

it.each([
  { revision: 1, mod: undefined },
  { revision: 2, mod: 2 },
  { revision: 4, mod: 2 },
  { revision: 6, mod: 5 },
  { revision: 7, mod: undefined },
  { revision: 8, mod: undefined },
  { revision: 99, mod: 9 },
])("at $revision what lives is the version of $mod", ({ revision, mod }) => {
  expect(example().at(revision)?.modRevision).toBe(mod)
})

it.each([
  { name: "before all of it forgets nothing", revision: 1, forgotten: [] },
  { name: "keeps what a reader of just then sees", revision: 6, forgotten: [2] },
  { name: "keeps a tombstone of just then, which is still to be told", revision: 7, forgotten: [2, 5] },
  { name: "forgets a tombstone of before", revision: 8, forgotten: [2, 5, 7] },
  { name: "keeps the last version for ever", revision: 99, forgotten: [2, 5, 7] },
])("compaction at $revision $name", ({ revision, forgotten }) => {
  const history = example()
  expect(history.compact(revision).map(({ modRevision }) => modRevision)).toEqual(forgotten)
  expect(history.latest()?.modRevision).toBe(9)
})

it("of a key that was deleted nothing stays", () => {
  const history = new KeyHistory("a")
  history.append({ modRevision: 2, sub: 0, createRevision: 2, version: 1, lease: 0 })
  history.append({ modRevision: 3, sub: 0, createRevision: 0, version: 0, lease: 0 })
  history.compact(4)
  expect(history.isEmpty).toBe(true)
})
