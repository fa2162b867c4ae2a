import { type AnyObject, StatusError } from "@wick/sdk/api"
import type { ManagedFieldsEntry } from "@wick/sdk/api/meta/object-meta"
import {
  describePath,
  type FieldPath,
  type FieldSet,
  fieldsOf,
  has,
  membersOf,
  removeAtPath,
  setOf,
  union,
  valueAtPath,
  without,
} from "./field-set.ts"
import { isObject, type JsonObject, jsonEqual } from "./json-value.ts"
import { fieldPlace, isAtomic, itemPlace, listShape, type SchemaPlace } from "./schema-walk.ts"

export interface Applier {
  readonly manager: string
  readonly force: boolean
  readonly apiVersion: string
  /** RFC 3339. */
  readonly time: string
  readonly subresource: string
}

/** Owner of what was there before anybody applied. */
const before = "before-first-apply"
/** Metadata that the server keeps itself and nobody owns. */
const unowned = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
]

/**
 * Server-side apply: what the applied object says is merged into the live one and owned by its manager; what the manager
 * owned and no longer says is removed, unless somebody else owns it too. Conflict when it would change what another
 * manager owns, unless forced.
 */
export function applyServerSide(
  live: AnyObject | undefined,
  applied: AnyObject,
  at: SchemaPlace,
  by: Applier,
): AnyObject {
  const wanted = ownable(applied, at, by.subresource)
  const entries = entriesOf(live, at, by)
  const mine = entries.find((entry) => isMine(entry, by))
  const others = entries.filter((entry) => entry !== mine)
  const merged = merge(live, applied, at) as AnyObject
  const taken = conflicting(live, merged, wanted, others).filter(({ path }) => !appliedByClient(live, path, by))
  if (taken.length > 0 && !by.force) throw conflictError(taken)
  dropAbandoned(merged, mine, wanted, others)
  const kept = others.map((entry) =>
    release(
      entry,
      taken.map(({ path }) => path),
    ),
  )
  const own = {
    manager: by.manager,
    operation: "Apply",
    apiVersion: by.apiVersion,
    time: by.time,
    fieldsType: "FieldsV1",
    fieldsV1: wanted,
  }
  const managedFields = [...kept, { ...own, ...(by.subresource && { subresource: by.subresource }) }].filter(
    ({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0,
  )
  return { ...merged, metadata: { ...merged.metadata, managedFields: managedFields as ManagedFieldsEntry[] } }
}

/**
 * Keeps ownership true after a write that was no apply: what it changed is owned by its manager and by nobody else. An
 * object that nobody applies has no owners to keep, which is most of them.
 */
export function trackUpdate(live: AnyObject | undefined, updated: AnyObject, at: SchemaPlace, by: Applier): AnyObject {
  const entries = live?.metadata.managedFields ?? []
  if (!live || !entries.some(({ operation }) => operation === "Apply")) return updated
  const fields = ownable(updated, at, by.subresource)
  const changed = membersOf(fields).filter((path) => !jsonEqual(valueAtPath(live, path), valueAtPath(updated, path)))
  if (changed.length === 0) return { ...updated, metadata: { ...updated.metadata, managedFields: entries } }
  const isOwn = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === by.manager && entry.operation === "Update" && (entry.subresource ?? "") === by.subresource
  const own = entries.find(isOwn)
  const rest = entries.filter((entry) => entry !== own).map((entry) => release(entry, changed))
  const fieldsV1 = union((own?.fieldsV1 ?? {}) as FieldSet, setOf(changed))
  const entry = {
    manager: by.manager,
    operation: "Update",
    apiVersion: by.apiVersion,
    time: by.time,
    fieldsType: "FieldsV1",
    fieldsV1,
  }
  const managedFields = [...rest, { ...entry, ...(by.subresource && { subresource: by.subresource }) }]
  return { ...updated, metadata: { ...updated.metadata, managedFields } }
}

function isMine(entry: ManagedFieldsEntry, by: Applier): boolean {
  return entry.manager === by.manager && entry.operation === "Apply" && (entry.subresource ?? "") === by.subresource
}

function ownable(object: AnyObject, at: SchemaPlace, subresource: string): FieldSet {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = object
  const meta = Object.fromEntries(Object.entries(metadata).filter(([key]) => !unowned.includes(key)))
  const { status, ...main } = rest as JsonObject
  const owned =
    subresource === "status" ? { status } : { ...main, ...(Object.keys(meta).length > 0 && { metadata: meta }) }
  return fieldsOf(owned, at)
}

function entriesOf(live: AnyObject | undefined, at: SchemaPlace, by: Applier): ManagedFieldsEntry[] {
  if (!live) return []
  const entries = live.metadata.managedFields ?? []
  if (entries.length > 0) return entries
  const fieldsV1 = ownable(live, at, by.subresource)
  return [
    {
      manager: before,
      operation: "Update",
      apiVersion: by.apiVersion,
      time: by.time,
      fieldsType: "FieldsV1",
      fieldsV1,
    },
  ]
}

interface Conflict {
  readonly path: FieldPath
  readonly manager: string
}

function conflicting(
  live: AnyObject | undefined,
  merged: AnyObject,
  wanted: FieldSet,
  others: readonly ManagedFieldsEntry[],
): Conflict[] {
  return membersOf(wanted)
    .filter((path) => !isItemItself(path))
    .flatMap((path) => {
      if (jsonEqual(valueAtPath(live, path), valueAtPath(merged, path))) return []
      const owners = others.filter(({ fieldsV1 }) => has((fieldsV1 ?? {}) as FieldSet, path))
      return owners.map(({ manager = "" }) => ({ path, manager }))
    })
}

const clientApplier = "kubectl"
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

/**
 * Whether kubectl itself set the field when it still applied on its own side, and nobody has changed it since: then
 * taking it over is no conflict.
 */
function appliedByClient(live: AnyObject | undefined, path: FieldPath, by: Applier): boolean {
  const text = live?.metadata.annotations?.[lastApplied]
  if (by.manager !== clientApplier || text === undefined) return false
  const isText = path.length === 3 && path[1] === "f:annotations" && path[2] === `f:${lastApplied}`
  return isText || jsonEqual(valueAtPath(parsed(text), path) ?? null, valueAtPath(live, path))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Written by somebody else than kubectl.
  }
}

function isItemItself(path: FieldPath): boolean {
  return path.at(-1)?.startsWith("k:") === true
}

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ path, manager }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with "${manager}"`,
    field: describePath(path),
  }))
  const count = conflicts.length === 1 ? "1 conflict" : `${conflicts.length} conflicts`
  const list = conflicts.map(({ path, manager }) => `conflict with "${manager}": ${describePath(path)}`).join(", ")
  return new StatusError("Conflict", `Apply failed with ${count}: ${list}`, { causes })
}

function dropAbandoned(
  merged: AnyObject,
  mine: ManagedFieldsEntry | undefined,
  wanted: FieldSet,
  others: readonly ManagedFieldsEntry[],
): void {
  const abandoned = membersOf((mine?.fieldsV1 ?? {}) as FieldSet)
    .filter((path) => !has(wanted, path))
    .filter((path) => !others.some(({ fieldsV1 }) => has((fieldsV1 ?? {}) as FieldSet, path)))
  // Items of lists go whole and before their fields: without its key an item could be taken for another.
  const items = abandoned.filter(isItemItself)
  const isInside = (path: FieldPath): boolean =>
    items.some((item) => item.length < path.length && item.every((element, index) => element === path[index]))
  for (const path of abandoned.toSorted((a, b) => a.length - b.length)) {
    if (!isInside(path)) removeAtPath(merged, path)
  }
}

function release(entry: ManagedFieldsEntry, paths: readonly FieldPath[]): ManagedFieldsEntry {
  if (paths.length === 0) return entry
  return { ...entry, fieldsV1: without((entry.fieldsV1 ?? {}) as FieldSet, paths) }
}

function merge(live: unknown, applied: unknown, at: SchemaPlace): unknown {
  if (Array.isArray(applied)) return mergeList(Array.isArray(live) ? live : [], applied, at)
  if (!isObject(applied) || !isObject(live) || isAtomic(at)) return structuredClone(applied)
  const merged: JsonObject = structuredClone(live)
  for (const [key, value] of Object.entries(applied)) merged[key] = merge(live[key], value, fieldPlace(at, key))
  return merged
}

function mergeList(live: readonly unknown[], applied: readonly unknown[], at: SchemaPlace): unknown[] {
  const shape = listShape(at)
  if (shape.kind === "atomic") return structuredClone([...applied])
  if (shape.kind === "set")
    return [...live, ...applied.filter((value) => !live.some((known) => jsonEqual(known, value)))]
  const items = itemPlace(at)
  const keyOf = (item: unknown): string =>
    JSON.stringify(
      shape.keys.map((key) => (isObject(item) ? (item[key] ?? fieldPlace(items, key).schema.default) : undefined)),
    )
  const merged = new Map(live.map((item) => [keyOf(item), item]))
  for (const item of applied) merged.set(keyOf(item), merge(merged.get(keyOf(item)), item, items))
  return [...merged.values()]
}
