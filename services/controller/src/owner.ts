import type { ObjectMeta, OwnerReference } from "@wick/sdk/api"

interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly uid: string }
}

/** The reference by which a child is deleted with its owner. */
export function ownedBy({ apiVersion, kind, metadata }: Owner): OwnerReference {
  const { name, uid } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Whether `owner` is the controller of an object: a name taken by somebody else's object is no child. */
export function isOwnedBy(object: { metadata: ObjectMeta }, owner: Owner): boolean {
  return (
    object.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid) === true
  )
}

/** The namespace/name of an object's controller of this kind. */
export function controllerKey(object: { metadata: ObjectMeta }, kind: string): string | undefined {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller && reference.kind === kind)
  return owner && `${object.metadata.namespace}/${owner.name}`
}
