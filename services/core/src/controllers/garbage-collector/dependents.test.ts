import { describe, expect, it } from "vitest"
import { Dependents } from "./dependents.ts"

describe("what is known of the dependents of owners", () => {
  it.for([1, 2, 3, 8, 9, 40])(
    "has each of %i once, in whichever order they come and go, and nothing of them afterwards",
    (count) => {
      const dependents = new Dependents()
      const uids = Array.from({ length: count }, (_, at) => `uid-${at}`)
      for (const uid of [...uids, ...uids]) dependents.link("owner", uid)
      expect([...dependents.of("owner")].toSorted()).toEqual(uids.toSorted())
      dependents.unlink("owner", "a stranger")
      for (const [at, uid] of uids.entries()) {
        expect(dependents.owners).toBe(1)
        dependents.unlink("owner", uid)
        expect(new Set(dependents.of("owner"))).toEqual(new Set(uids.slice(at + 1)))
      }
      expect(dependents.owners).toBe(0)
      dependents.link("owner", "uid-0")
      expect([...dependents.of("owner")]).toEqual(["uid-0"])
    },
  )

  it("keeps those of one owner apart from those of another", () => {
    const dependents = new Dependents()
    dependents.link("one", "uid")
    dependents.link("other", "uid")
    dependents.unlink("one", "uid")
    expect([...dependents.of("one")]).toEqual([])
    expect([...dependents.of("other")]).toEqual(["uid"])
  })
})
