import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import { sharedOwners, tracked } from "./tracked-object.ts"

const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u-1", controller: true }
const owner = () => tracked(ReplicaSet, { name: "web", namespace: "default", uid: "u-1", resourceVersion: "1" })

describe("owners that are kept of an object", () => {
  it("are one thing for all that belong to one owner in the same way, and say what they said", () => {
    const objects = new Map([["u-1", owner()]])
    const first = sharedOwners([{ ...reference }], objects)
    expect(first).toEqual([reference])
    expect(sharedOwners([{ ...reference }], objects)).toBe(first)
    expect(tracked(Pod, { name: "one" }).owners).toBe(tracked(Pod, { name: "other" }).owners)
  })

  it.for([
    ["that does not control it", [{ ...reference, controller: false }]],
    ["under a name that it does not have", [{ ...reference, name: "other" }]],
    ["in another version", [{ ...reference, apiVersion: "apps/v2" }]],
    ["that nobody knows yet", [{ ...reference, uid: "u-2" }]],
    ["and of another", [{ ...reference }, { ...reference, uid: "u-2" }]],
    ["twice", [{ ...reference }, { ...reference, blockOwnerDeletion: true }]],
  ] as const)("stay its own if it is of an owner %s", ([, owners]) => {
    const objects = new Map([["u-1", owner()]])
    const others = sharedOwners([reference], objects)
    expect(sharedOwners(owners, objects)).toEqual(owners)
    expect(sharedOwners(owners, objects)).not.toBe(others)
    expect(sharedOwners([{ ...reference }], objects)).toBe(others)
  })
})
