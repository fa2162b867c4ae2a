import type { AnyObject } from "@wick/sdk/api/kind"
import type { ManagedFieldsEntry } from "@wick/sdk/api/meta/object-meta"
import { mediaTypeOf } from "../decode-body.ts"
import { fieldManager } from "../field-manager.ts"
import { difference, type FieldSet } from "../patch/field-set.ts"
import {
  compareParts,
  entriesOf,
  type Ownable,
  ownersAfter,
  ownersBefore,
  ownersUnder,
  type Writer,
} from "../patch/managed-fields.ts"
import { objectPlace } from "../patch/schema-walk.ts"
import { type RequestContext, timestamp } from "../request-context.ts"
import type { ServedResource } from "../served-resource.ts"

export const applyType = "application/apply-patch+yaml"
/** Doors through which the server itself changes an object: nobody owns what comes of it. */
const unownedDoors = new Set(["binding", "eviction"])

type Entries = ManagedFieldsEntry[] | undefined

export function ownableOf({ schema, components, custom, status }: ServedResource): Ownable {
  return { at: objectPlace(schema, components), custom, status }
}

export function writerOf(context: RequestContext): Writer {
  return {
    manager: fieldManager(context),
    apiVersion: context.resource.apiVersion,
    time: timestamp(context.server),
    subresource: context.door ?? context.info.subresource,
  }
}

export function isApply({ info, request }: RequestContext): boolean {
  return info.verb === "patch" && mediaTypeOf(request) === applyType
}

/**
 * `managedFields` after a write, from the object as its client wants it: what admission and the server put in later is
 * nobody's. An object that is stored without owners has none until it is applied.
 */
export function entriesAfter(
  context: RequestContext,
  live: AnyObject | undefined,
  wanted: AnyObject,
  unowned?: FieldSet,
): Entries {
  const { managedFields } = wanted.metadata
  if (isApply(context)) return managedFields
  const door = context.door ?? context.info.subresource
  const kept = live?.metadata.managedFields
  if (unownedDoors.has(door)) return kept
  try {
    const kind = ownableOf(context.resource)
    const owners = ownersUnder(ownersBefore(kept, door === "" ? managedFields : undefined), kind)
    if (live && owners.length === 0) return undefined
    const found = compareParts(live, wanted, kind, door)
    const change = found && unowned ? { ...found, changed: difference(found.changed, unowned) } : found
    if (!change && owners.length > 0 && managedFields === kept) return kept
    return entriesOf(ownersAfter(owners, change, writerOf(context)))
  } catch (error) {
    // Owners are a note beside the object: a mistake in them must not refuse what is right. Without them it is as one that
    // was never tracked.
    context.server.log.error("cannot tell whose fields these are", { kind: context.resource.kind, error })
    return undefined
  }
}
