import { describe, expect, it } from "vitest"
import { threeWayMerge } from "./three-way-merge.ts"

describe("a three-way merge", () => {
  it.each<[string, object | undefined, object, object, object]>([
    ["sets what is new or differs", { a: 1 }, { a: 2, b: 3 }, { a: 1 }, { a: 2, b: 3 }],
    ["takes away what was said before and is not any more", { a: 1, b: 1 }, { a: 1 }, { a: 1, b: 1 }, { b: null }],
    ["leaves what others have set", { a: 1 }, { a: 1 }, { a: 1, theirs: 1 }, {}],
    ["takes away nothing that is gone already", { a: 1, b: 1 }, { a: 1 }, { a: 1 }, {}],
    ["goes into maps", { m: { x: 1, y: 1 } }, { m: { x: 2 } }, { m: { x: 1, y: 1, z: 1 } }, { m: { x: 2, y: null } }],
    [
      "takes away of a map that is gone what was said in it",
      { m: { x: 1 } },
      {},
      { m: { x: 1, z: 1 } },
      { m: { x: null } },
    ],
    ["takes away a map with its last entry", { m: { x: 1 } }, {}, { m: { x: 1 } }, { m: null }],
    ["replaces lists whole", undefined, { l: [{ a: 1 }] }, { l: [{ a: 1, defaulted: true }] }, { l: [{ a: 1 }] }],
    ["knows nothing of before where nobody has applied", undefined, { a: 1 }, { a: 1, b: 1 }, {}],
    ["puts a map where something else was", undefined, { a: { b: 1 } }, { a: 1 }, { a: { b: 1 } }],
  ])("%s", (_, original, wanted, current, patch) => {
    expect(threeWayMerge(original as never, wanted as never, current as never)).toEqual(patch)
  })
})
