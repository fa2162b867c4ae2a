import { isDeepStrictEqual } from "node:util"
import type { Kind } from "@wick/sdk/api/kind"
import type { ObjectMeta, OwnerReference } from "@wick/sdk/api/meta/object-meta"

/** What is known of every object: who it is, whom it belongs to, and whether it is on its way out. */
export interface TrackedObject {
  readonly kind: Kind
  readonly uid: string
  readonly name: string
  /** "" for objects of the cluster. */
  readonly namespace: string
  readonly owners: readonly OwnerReference[]
  readonly finalizers: readonly string[]
  readonly deleting: boolean
  /** How what belongs to it alone names it. */
  asOwner?: readonly OwnerReference[] | undefined
}

const nobody: readonly OwnerReference[] = []
const noFinalizers: readonly string[] = []

export function tracked(kind: Kind, metadata: ObjectMeta): TrackedObject {
  return {
    kind,
    uid: metadata.uid ?? "",
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    owners: metadata.ownerReferences ?? nobody,
    finalizers: metadata.finalizers ?? noFinalizers,
    deleting: metadata.deletionTimestamp !== undefined,
    asOwner: undefined,
  }
}

/** Whether nothing changed that deletion looks at: most writes change a status. */
export function isSame(one: TrackedObject, other: TrackedObject): boolean {
  return (
    one.deleting === other.deleting &&
    JSON.stringify([one.owners, one.finalizers]) === JSON.stringify([other.owners, other.finalizers])
  )
}

/** The same owners. All that belongs to one owner alone says so in the same words, which are kept once, with the owner. */
export function sharedOwners(
  owners: readonly OwnerReference[],
  objects: ReadonlyMap<string, TrackedObject>,
): readonly OwnerReference[] {
  const [reference, ...more] = owners
  if (!reference) return nobody
  const owner = more.length === 0 ? objects.get(reference.uid) : undefined
  if (!owner) return owners
  owner.asOwner ??= [inWordsOf(owner, reference)]
  return isDeepStrictEqual(owner.asOwner, owners) ? owner.asOwner : [inWordsOf(owner, reference)]
}

/** The same reference, made of texts that are here as long as the owner. */
function inWordsOf({ uid, name, kind }: TrackedObject, reference: OwnerReference): OwnerReference {
  const words = [uid, name, kind.apiVersion, kind.kind]
  const same = (text: string): string => words.find((word) => word === text) ?? text
  return {
    ...reference,
    apiVersion: same(reference.apiVersion),
    kind: same(reference.kind),
    name: same(reference.name),
    uid: same(reference.uid),
  }
}
