import { expect, it } from "vitest"
import { KeyIndex } from "./key-index.ts"

function put(index: KeyIndex, key: string, modRevision: number): void {
  index.append(key, { modRevision, sub: 0, createRevision: modRevision, version: 1, lease: 0 })
}

function bury(index: KeyIndex, key: string, modRevision: number): void {
  index.append(key, { modRevision, sub: 0, createRevision: 0, version: 0, lease: 0 })
}

function compact(index: KeyIndex, revision: number): number[] {
  const forgotten: number[] = []
  index.compact(revision, ({ modRevision }) => void forgotten.push(modRevision))
  return forgotten
}

it("forgets what was superseded, key by key, and at the next compaction only what is new", () => {
  const index = new KeyIndex()
  put(index, "a", 2)
  put(index, "b", 3)
  put(index, "a", 4)
  put(index, "a", 5)
  put(index, "b", 6)
  expect(compact(index, 5)).toEqual([2, 4])
  expect(compact(index, 6)).toEqual([3])
  expect(index.size).toBe(2)
})

it("forgets a deleted key wholly, but a deletion of just then only at the next compaction", () => {
  const index = new KeyIndex()
  put(index, "a", 2)
  bury(index, "a", 3)
  expect(compact(index, 3)).toEqual([2])
  expect(index.size).toBe(1)
  expect(compact(index, 4)).toEqual([3])
  expect(index.size).toBe(0)
})

it("forgets a tombstone that was all it was restored with", () => {
  const index = new KeyIndex()
  bury(index, "a", 3)
  put(index, "b", 4)
  expect(compact(index, 4)).toEqual([3])
  expect(index.size).toBe(1)
})

it("lets a key that was forgotten be made anew", () => {
  const index = new KeyIndex()
  put(index, "a", 2)
  bury(index, "a", 3)
  compact(index, 9)
  put(index, "a", 10)
  expect(index.get("a")?.latest()?.modRevision).toBe(10)
})
