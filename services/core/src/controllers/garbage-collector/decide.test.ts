import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { describe, expect, it } from "vitest"
import type { TrackedObject } from "../inventory/inventory.ts"
import { decide, type OwnerState, type Verdict } from "./decide.ts"

function object(more: Partial<TrackedObject> = {}): TrackedObject {
  const identity = { uid: "self", name: "self", namespace: "default", resourceVersion: "1" }
  return { kind: ConfigMap, ...identity, owners: [], finalizers: [], deleting: false, ...more }
}
const reference = (uid: string, blockOwnerDeletion?: boolean) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  ...(blockOwnerDeletion !== undefined && { blockOwnerDeletion }),
})
const dependent = (blocks?: boolean) => object({ uid: "child", owners: [reference("self", blocks)] })
const foreground = { deleting: true, finalizers: ["foregroundDeletion"] }

describe("garbage collection", () => {
  it.each<{
    name: string
    object?: Partial<TrackedObject>
    owners?: OwnerState[]
    dependents?: TrackedObject[]
    verdict: Verdict
  }>([
    { name: "keeps what belongs to nobody", verdict: { kind: "keep" } },
    { name: "keeps what has an owner", owners: ["solid"], verdict: { kind: "keep" } },
    {
      name: "deletes what has lost its only owner",
      owners: ["absent"],
      verdict: { kind: "delete", policy: "Background" },
    },
    {
      name: "keeps what has an owner left, and forgets the others",
      owners: ["solid", "absent", "waiting"],
      verdict: { kind: "forget-owners", uids: ["owner-1", "owner-2"] },
    },
    {
      name: "deletes what its waiting owner waits for",
      owners: ["waiting"],
      verdict: { kind: "delete", policy: "Background" },
    },
    {
      name: "lets a waiting owner wait for the dependents of its dependents too",
      owners: ["waiting"],
      dependents: [dependent(true)],
      verdict: { kind: "delete", policy: "Foreground" },
    },
    {
      name: "orphans the dependents of what asked for that before it lost its owner",
      object: { finalizers: ["orphan"] },
      owners: ["absent"],
      verdict: { kind: "delete", policy: "Orphan" },
    },
    {
      name: "leaves alone what is being deleted already",
      object: { deleting: true },
      owners: ["absent"],
      verdict: { kind: "keep" },
    },
    {
      name: "holds an object that is deleted in the foreground while a dependent blocks it",
      object: foreground,
      dependents: [dependent(true)],
      verdict: { kind: "keep" },
    },
    {
      name: "lets it go when only dependents are left that do not block",
      object: foreground,
      dependents: [dependent(false), dependent()],
      verdict: { kind: "release", finalizer: "foregroundDeletion" },
    },
    {
      name: "frees the dependents of what is deleted without them",
      object: { deleting: true, finalizers: ["orphan"] },
      dependents: [dependent(true)],
      verdict: { kind: "orphan-dependents" },
    },
  ])("$name", ({ object: more, owners = [], dependents = [], verdict }) => {
    const observed = owners.map((state, i) => ({ reference: reference(`owner-${i}`), state }))
    expect(decide({ object: object(more), owners: observed, dependents })).toEqual(verdict)
  })
})
