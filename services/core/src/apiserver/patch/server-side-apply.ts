import type { AnyObject } from "@wick/sdk/api/kind"
import type { ManagedFieldsEntry } from "@wick/sdk/api/meta/object-meta"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { compareObjects } from "./compare-fields.ts"
import {
  describePath,
  difference,
  elementSet,
  type FieldPath,
  type FieldSet,
  intersection,
  membersOf,
  union,
} from "./field-set.ts"
import { fieldsOf, withStructs } from "./fields-of.ts"
import { jsonEqual } from "./json-value.ts"
import { appliedByClient, hasLastApplied, lastApplied } from "./last-applied.ts"
import {
  compareParts,
  entriesOf,
  isSame,
  keep,
  type Ownable,
  type Owner,
  ownersAfter,
  ownersOf,
  ownersUnder,
  ownPart,
  type Writer,
} from "./managed-fields.ts"
import { mergeApplied } from "./merge-applied.ts"
import { removeFields } from "./remove-fields.ts"
import type { SchemaPlace } from "./schema-walk.ts"

export interface Applier extends Writer {
  readonly force: boolean
}

/** Owner of what was there, unowned, before anybody applied. */
const before = "before-first-apply"
/** The manager that `kubectl apply --server-side` is: it takes over what it applied on its own side before. */
const kubectl = "kubectl"

/**
 * Server-side apply: what the applied object says is merged into the live one and owned by its manager; what the manager
 * owned and no longer says is removed, unless somebody else owns it too. Conflict when it would change what another
 * manager owns, unless forced.
 */
export function applyServerSide(
  live: AnyObject | undefined,
  applied: AnyObject,
  kind: Ownable,
  by: Applier,
): AnyObject {
  const owners = ownersOfLive(live, kind, by)
  const self = { ...by, operation: "Apply" } as const
  const last = owners.find((owner) => isSame(owner, self))
  const others = owners.filter((owner) => owner !== last)
  const said = saidFields(applied, kind, by.subresource)
  const { managedFields: _, ...metadata } = (live ?? applied).metadata
  const merged = mergeApplied(live && { ...live, metadata }, { ...applied }, kind.at) as AnyObject
  const result = last ? pruned(merged, last.fields, others, applied, kind.at) : merged
  const change = compareParts(live, result, kind, by.subresource)
  refuseConflicts(live, others, change?.changed, kind, by)
  const touched = union(change?.changed, change?.removed)
  const after: Owner[] = []
  for (const owner of others) keep(after, owner, difference(owner.fields, touched))
  const isChanged = live === undefined || !jsonEqual({ ...live, metadata }, result)
  const time = isChanged ? by.time : (last?.time ?? by.time)
  if (said) after.push({ ...writerOf(self), time, fields: said })
  const noted = by.manager === kubectl && hasLastApplied(result) ? withLastApplied(result, applied) : result
  return withEntries(noted, entriesOf(after))
}

function writerOf({ manager, operation, apiVersion, subresource }: Omit<Owner, "time" | "fields">) {
  return { manager, operation, apiVersion, subresource }
}

/** With `managedFields` as the last of the metadata, which makes them cheap to leave out again. */
export function withEntries(object: AnyObject, entries: ManagedFieldsEntry[] | undefined): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, ...(entries && { managedFields: entries }) } }
}

function ownersOfLive(live: AnyObject | undefined, kind: Ownable, by: Applier): readonly Owner[] {
  const owners = ownersUnder(ownersOf(live?.metadata.managedFields), kind)
  if (!live || owners.length > 0) return owners
  const { apiVersion, time, subresource } = by
  return ownersAfter([], compareParts(undefined, live, kind, subresource), {
    manager: before,
    apiVersion,
    time,
    subresource,
  })
}

function saidFields(applied: AnyObject, kind: Ownable, subresource: string): FieldSet | undefined {
  const said = fieldsOf(ownPart(applied, kind, subresource), kind.at)
  const metadata = said?.["f:metadata"]
  if (!said || !metadata) return said
  // Metadata that is empty, or says nothing but names, would be owned as what is empty is.
  const { "f:metadata": _, ...rest } = said
  const inner = elementSet(false, metadata)
  return elementSet(false, inner ? { ...rest, "f:metadata": inner } : rest)
}

function unionOf(owners: readonly Owner[]): FieldSet | undefined {
  return owners.reduce<FieldSet | undefined>((all, { fields }) => union(all, fields), undefined)
}

/**
 * The merged object without what its applier said last time, and neither he nor anybody else claims now. A struct goes as
 * soon as nobody owns anything in it, with what defaults have put there.
 */
function pruned(
  merged: AnyObject,
  last: FieldSet,
  others: readonly Owner[],
  applied: AnyObject,
  at: SchemaPlace,
): AnyObject {
  const said = fieldsOf(applied, at)
  if (difference(last, said) === undefined) return merged
  const owned = union(unionOf(others), said)
  const fields = (object: unknown): FieldSet | undefined => withStructs(fieldsOf(object, at), at)
  const without = (gone: FieldSet | undefined): unknown => removeFields(merged, gone, at) ?? {}
  const all = fields(merged)
  const lastOwned = withStructs(last, at)
  const bare = fields(without(lastOwned))
  const withOwned = fields(without(difference(all, union(bare, withStructs(owned, at)))))
  const rest = without(intersection(difference(all, withOwned), lastOwned))
  // What is said to be empty is there all the same, now that it is.
  return mergeApplied(rest, applied, at) as AnyObject
}

interface Conflict {
  readonly owner: Owner
  readonly path: FieldPath
}

function refuseConflicts(
  live: AnyObject | undefined,
  others: readonly Owner[],
  changed: FieldSet | undefined,
  kind: Ownable,
  by: Applier,
): void {
  if (by.force || !changed || !live) return
  const taken = others.map((owner) => ({ owner, fields: intersection(owner.fields, changed) }))
  if (taken.every(({ fields }) => fields === undefined)) return
  const allowed = by.manager === kubectl ? allowedBy(live, kind, by) : undefined
  const conflicts = taken.flatMap(({ owner, fields }) =>
    membersOf(difference(fields, allowed)).map((path): Conflict => ({ owner, path })),
  )
  if (conflicts.length > 0) throw conflictError(conflicts)
}

/** What kubectl itself set when it still applied on its own side, and nobody has changed since: its taking is no conflict. */
function allowedBy(live: AnyObject, kind: Ownable, by: Applier): FieldSet | undefined {
  const earlier = appliedByClient(live, by.apiVersion)
  if (!earlier) return undefined
  const said = saidFields(earlier, kind, by.subresource)
  const change = compareObjects(
    ownPart(earlier, kind, by.subresource),
    ownPart(live, kind, by.subresource),
    kind.at,
    !kind.custom,
  )
  return difference(difference(said, change?.changed), change?.removed)
}

function withLastApplied({ metadata, ...rest }: AnyObject, applied: AnyObject): AnyObject {
  return {
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...lastApplied(applied) } },
  } as AnyObject
}

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${nameOf(owner)}`,
    field: describePath(path),
  }))
  return new StatusError("Conflict", conflictText(conflicts), { causes })
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (only && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${nameOf(only.owner)}: ${describePath(only.path)}`
  }
  const byOwner = Map.groupBy(conflicts, ({ owner }) => nameOf(owner))
  const texts = [...byOwner].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = texts.flatMap(([name, each]) => [
    `conflicts with ${name}:`,
    ...each.map(({ path }) => `- ${describePath(path)}`),
  ])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`
}

function nameOf({ manager, subresource, operation, apiVersion }: Owner): string {
  const through = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`
  return JSON.stringify(manager) + through + (operation === "Update" ? ` using ${apiVersion}` : "")
}
