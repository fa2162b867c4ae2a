import type { Kind, StoredMeta } from "@wick/sdk/api/kind"
import { type LabelSelector, matches } from "@wick/sdk/api/meta/label-selector"
import type { ObjectMeta, OwnerReference } from "@wick/sdk/api/meta/object-meta"

/** The owner that manages the object, of which there is at most one. */
export function controllerOf({ metadata }: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)
}

export function controllerReference(kind: Kind, { metadata }: { readonly metadata: StoredMeta }): OwnerReference {
  const { name, uid } = metadata
  return { apiVersion: kind.apiVersion, kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true }
}

interface Owned {
  readonly metadata: ObjectMeta
}

/** Indexes of owned objects: by the uid of their controller; and those without one, by namespace. */
export const ownerIndexes = {
  byController: (object: Owned): string[] => {
    const owner = controllerOf(object)
    return owner ? [owner.uid] : []
  },
  orphans: (object: Owned): string[] => (controllerOf(object) ? [] : [object.metadata.namespace ?? ""]),
}

interface Owner {
  readonly metadata: StoredMeta
  readonly spec: { readonly selector: LabelSelector }
}

export interface Claim<Item> {
  readonly owned: Item[]
  /** Nobody's, and wanted by the owner's selector. */
  readonly adopt: Item[]
  /** The owner's, and not wanted any more. */
  readonly release: Item[]
}

/** Sorts objects into what an owner has, takes and lets go. An owner that is being deleted takes nothing. */
export function claim<Item extends Owned>(owner: Owner, owned: Iterable<Item>, orphans: Iterable<Item>): Claim<Item> {
  const result: Claim<Item> = { owned: [], adopt: [], release: [] }
  const ending = owner.metadata.deletionTimestamp !== undefined
  for (const item of owned) {
    const wanted = matches(owner.spec.selector, item.metadata.labels)
    if (wanted) result.owned.push(item)
    else if (!ending) result.release.push(item)
  }
  if (ending) return result
  for (const item of orphans) {
    const free = item.metadata.deletionTimestamp === undefined && controllerOf(item) === undefined
    if (free && matches(owner.spec.selector, item.metadata.labels)) result.adopt.push(item)
  }
  return result
}

/** A merge patch that makes `reference` one of the object's owners, unless the object has changed meanwhile. */
export function adoptionPatch({ metadata }: Owned, reference: OwnerReference): object {
  const { uid, resourceVersion } = metadata
  const others = (metadata.ownerReferences ?? []).filter((other) => other.uid !== reference.uid)
  return { metadata: { uid, resourceVersion, ownerReferences: [...others, reference] } }
}

/** A merge patch that takes the owner out of the object's owners. */
export function releasePatch({ metadata }: Owned, ownerUid: string): object {
  const { uid, resourceVersion } = metadata
  const others = (metadata.ownerReferences ?? []).filter((other) => other.uid !== ownerUid)
  return { metadata: { uid, resourceVersion, ownerReferences: others.length === 0 ? null : others } }
}
