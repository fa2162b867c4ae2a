import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { expect, it } from "vitest"
import { grownStatus, growthOf } from "./claim-growth.ts"

const claim = (status: object): PersistentVolumeClaim => ({ status }) as PersistentVolumeClaim
const volume = (storage?: string): PersistentVolume =>
  ({ spec: { capacity: { storage } } }) as unknown as PersistentVolume

it.each([
  ["1Gi", "2Gi", "2Gi"],
  ["1Gi", "1024Mi", undefined],
  ["2Gi", "1Gi", undefined],
  // A claim that was told nothing was not bound when its volume was made larger.
  [undefined, "2Gi", undefined],
  ["1Gi", undefined, undefined],
])("a claim that was told %s of a volume of %s is to grow to %s", (told, size, wanted) => {
  expect(growthOf(claim({ capacity: { storage: told } }), volume(size))).toBe(wanted)
})

it("a claim that has grown is told its size, and that nothing is pending any more", () => {
  const [pending, other] = ["FileSystemResizePending", "ModifyingVolume"].map((type) => ({ type, status: "True" }))
  const grown = (conditions: unknown) => grownStatus(claim({ conditions }), "2Gi")
  expect(grown([pending, other])).toEqual({
    capacity: { storage: "2Gi" },
    conditions: [other],
    allocatedResourceStatuses: null,
  })
  expect(grown([pending])).toMatchObject({ conditions: null })
})
