import type { OwnerReference } from "@wick/sdk/api/meta/object-meta"
import type { TrackedObject } from "../inventory/inventory.ts"

/** Finalizers by which a deletion asks what shall become of the object's dependents. */
export const foreground = "foregroundDeletion"
export const orphan = "orphan"

/**
 * What is known of an owner:
 * solid: it exists · absent: it does not, and never will again, since a uid is never used twice ·
 * waiting: it is being deleted and waits for its dependents to go first.
 */
export type OwnerState = "solid" | "absent" | "waiting"

export type Verdict =
  | { readonly kind: "keep" }
  /** Some owners are left: the references to the others go. */
  | { readonly kind: "forget-owners"; readonly uids: readonly string[] }
  | { readonly kind: "delete"; readonly policy: "Background" | "Foreground" | "Orphan" }
  /** It is being deleted, and its dependents are to become nobody's. */
  | { readonly kind: "orphan-dependents" }
  /** It is being deleted; it may go as soon as no dependent holds it. */
  | { readonly kind: "release"; readonly finalizer: string }

export interface Observation {
  readonly object: TrackedObject
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[]
  readonly dependents: readonly TrackedObject[]
}

/** What becomes of an object, given its owners and its dependents. */
export function decide({ object, owners, dependents }: Observation): Verdict {
  if (object.deleting) return decideEnding(object, dependents)
  if (owners.length === 0) return { kind: "keep" }
  const gone = owners.filter(({ state }) => state !== "solid")
  if (gone.length === 0) return { kind: "keep" }
  if (gone.length < owners.length) {
    return { kind: "forget-owners", uids: gone.map(({ reference }) => reference.uid) }
  }
  if (object.finalizers.includes(orphan)) return { kind: "delete", policy: "Orphan" }
  // An owner that waits must not go before the dependents of its dependents.
  const waits = owners.some(({ state }) => state === "waiting") && dependents.length > 0
  return { kind: "delete", policy: waits || object.finalizers.includes(foreground) ? "Foreground" : "Background" }
}

function decideEnding(object: TrackedObject, dependents: readonly TrackedObject[]): Verdict {
  if (object.finalizers.includes(orphan)) return { kind: "orphan-dependents" }
  if (!object.finalizers.includes(foreground)) return { kind: "keep" }
  const blocking = dependents.some(({ owners }) =>
    owners.some(({ uid, blockOwnerDeletion }) => uid === object.uid && blockOwnerDeletion),
  )
  return blocking ? { kind: "keep" } : { kind: "release", finalizer: foreground }
}

/** State of an owner that is known. */
export function ownerState(owner: TrackedObject): OwnerState {
  return owner.deleting && owner.finalizers.includes(foreground) ? "waiting" : "solid"
}
