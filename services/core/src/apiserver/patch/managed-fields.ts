import type { AnyObject } from "@wick/sdk/api/kind"
import type { ManagedFieldsEntry } from "@wick/sdk/api/meta/object-meta"
import { type Comparison, compareObjects } from "./compare-fields.ts"
import { difference, elementSet, type FieldSet, leaf, readFieldSet, union } from "./field-set.ts"
import { isObject, type JsonObject, jsonEqual } from "./json-value.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "./schema-walk.ts"

/** What there is to know of a kind to say who owns what of its objects. */
export interface Ownable {
  readonly at: SchemaPlace
  readonly custom: boolean
  /** Whether its status is written apart from the rest. */
  readonly status: boolean
}

/** Who writes, when, and through which door. */
export interface Writer {
  readonly manager: string
  readonly apiVersion: string
  /** RFC 3339. */
  readonly time: string
  readonly subresource: string
}

/** One owner of fields: an entry of `managedFields`, read. */
export interface Owner extends Omit<Writer, "time"> {
  readonly operation: "Apply" | "Update"
  readonly time: string | undefined
  readonly fields: FieldSet
}

/** Owners by updates beyond this many are merged, the oldest first: whoever writes once owns for ever. */
const updateOwnersMax = 10
const ancient = "ancient-changes"

/** Metadata that nobody owns: the server keeps it, or it names the object. */
const unowned = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
])
/** Doors through which only the status is written. */
const statusDoors = new Set(["status", "approval"])

/** The part of an object that a write through this door can own something of. */
export function ownPart(object: AnyObject | undefined, { status, custom }: Ownable, subresource: string): JsonObject {
  if (!object) return { metadata: {} }
  if (statusDoors.has(subresource)) return statusPart(object, custom)
  const part: JsonObject = {}
  for (const key in object) {
    if (key !== "apiVersion" && key !== "kind" && !(status && key === "status")) part[key] = object[key as "metadata"]
  }
  part.metadata = ownMetadata(object.metadata)
  return part
}

/** Of custom resources nothing but the status is written with it. */
function statusPart({ status, metadata }: AnyObject, custom: boolean): JsonObject {
  return { ...(!custom && { metadata: ownMetadata(metadata) }), ...(status !== undefined && { status }) }
}

function ownMetadata(metadata: AnyObject["metadata"] & JsonObject): JsonObject {
  const owned: JsonObject = {}
  for (const key in metadata) if (!unowned.has(key)) owned[key] = metadata[key]
  return owned
}

export function compareParts(
  before: AnyObject | undefined,
  after: AnyObject,
  kind: Ownable,
  subresource: string,
): Comparison | undefined {
  const was = ownPart(before, kind, subresource)
  return compareObjects(was, ownPart(after, kind, subresource), kind.at, !kind.custom)
}

/** Owners after a write that was no apply: what it changed is owned by its writer, and by nobody else. */
export function ownersAfter(owners: readonly Owner[], change: Comparison | undefined, by: Writer): readonly Owner[] {
  if (!change) return owners
  const { changed, removed } = change
  const touched = union(changed, removed)
  const writer = { ...by, operation: "Update" } as const
  const after: Owner[] = []
  let own: Owner | undefined
  for (const owner of owners) {
    if (isSame(owner, writer)) own = owner
    else keep(after, owner, difference(owner.fields, touched))
  }
  const fields = union(difference(own?.fields, removed), changed)
  if (fields) after.push({ ...writer, time: changed ? by.time : own?.time, fields })
  return capped(after)
}

/** The owner with what is left to it; one who owns nothing is none. */
export function keep(owners: Owner[], owner: Owner, fields: FieldSet | undefined): void {
  if (fields) owners.push(fields === owner.fields ? owner : { ...owner, fields })
}

/** An applier is the same whatever version he applies in; who updates in two versions is two. */
export function isSame(a: Omit<Owner, "time" | "fields">, b: Omit<Owner, "time" | "fields">): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion)
  )
}

function capped(owners: Owner[]): Owner[] {
  const updaters = owners.filter(({ operation }) => operation === "Update")
  if (updaters.length <= updateOwnersMax) return owners
  const oldest = updaters.toSorted(byAge)
  const gone = new Set<Owner>()
  const buckets = new Map<string, { first: Owner; fields: FieldSet; time: string | undefined; isBucket: boolean }>()
  let count = updaters.length
  for (const owner of oldest) {
    if (count <= updateOwnersMax) break
    const bucket = buckets.get(owner.apiVersion)
    gone.add(owner)
    if (bucket) {
      bucket.fields = union(bucket.fields, owner.fields) ?? bucket.fields
      bucket.time = owner.time
      bucket.isBucket = true
      count -= 1
    } else buckets.set(owner.apiVersion, { first: owner, fields: owner.fields, time: owner.time, isBucket: false })
  }
  const merged = [...buckets.values()].map(({ first, fields, time, isBucket }) =>
    isBucket ? { ...first, manager: ancient, subresource: "", fields, time } : first,
  )
  return [...owners.filter((owner) => !gone.has(owner)), ...merged]
}

function byAge(a: Owner, b: Owner): number {
  return compareText(a.time ?? "", b.time ?? "") || compareText(a.manager, b.manager)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The owners that an object's `managedFields` names, as the server wrote them. */
export function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map(({ manager = "", operation, apiVersion = "", time, subresource = "", fieldsV1 }) => ({
    manager,
    operation: operation === "Apply" ? "Apply" : "Update",
    apiVersion,
    time,
    subresource,
    fields: (fieldsV1 ?? {}) as FieldSet,
  }))
}

/**
 * Owners of an object whose definition may have changed: who owned parts of what is now one whole owns the whole. What was
 * whole and has parts now is left to who says them.
 */
export function ownersUnder(owners: Owner[], { at, custom }: Ownable): Owner[] {
  if (!custom) return owners
  return owners.map((owner) => {
    const fields = asWholes(owner.fields, at)
    return fields === owner.fields ? owner : { ...owner, fields }
  })
}

function asWholes(set: FieldSet, at: SchemaPlace): FieldSet {
  if (at.isAtomic || (at.schema.type === "array" && at.list.kind === "atomic")) return leaf
  let joined: Record<string, FieldSet> | undefined
  for (const element in set) {
    if (element === ".") continue
    const below = element.startsWith("f:") ? fieldPlace(at, element.slice(2)) : itemPlace(at)
    const whole = asWholes(set[element] as FieldSet, below)
    if (whole === set[element] || isLeaf(set[element] as FieldSet)) continue
    joined ??= { ...set }
    joined[element] = whole
  }
  return joined ?? set
}

function isLeaf(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** The owners that a client's `managedFields` names; undefined if it cannot be read. */
function readOwners(entries: unknown): Owner[] | undefined {
  if (!Array.isArray(entries)) return undefined
  const owners: Owner[] = []
  for (const entry of entries as unknown[]) {
    if (!isObject(entry) || entry.fieldsType !== "FieldsV1") return undefined
    if (entry.operation !== "Apply" && entry.operation !== "Update") return undefined
    const texts = [entry.manager, entry.apiVersion, entry.time, entry.subresource]
    if (texts.some((text) => text !== undefined && text !== null && typeof text !== "string")) return undefined
    const fields = readFieldSet(entry.fieldsV1 ?? {})
    if (!fields) return undefined
    const members = elementSet(false, fields)
    const read = ownersOf([{ ...entry, fieldsV1: members ?? {} } as ManagedFieldsEntry])[0] as Owner
    if (members) owners.push({ ...read, time: read.time ?? undefined })
  }
  return owners
}

/**
 * Owners before a write, as far as the writer may say it himself: an empty list forgets them all, a readable one is taken
 * at its word, and whoever does not know of them, or sends nonsense, leaves them alone.
 */
export function ownersBefore(
  live: readonly ManagedFieldsEntry[] | undefined,
  wanted: readonly ManagedFieldsEntry[] | undefined,
): Owner[] {
  if (wanted === undefined || wanted === null || jsonEqual(live, wanted)) return ownersOf(live)
  const isReset = Array.isArray(wanted) && (wanted.length === 0 || (wanted.length === 1 && jsonEqual(wanted[0], {})))
  if (isReset) return []
  const read = readOwners(wanted)
  return read && read.length > 0 ? read : ownersOf(live)
}

/** `managedFields` as it is stored; undefined when there is nothing to say. */
export function entriesOf(owners: readonly Owner[]): ManagedFieldsEntry[] | undefined {
  if (owners.length === 0) return undefined
  const sorted = owners.length > 1 ? owners.toSorted(inOrder) : owners
  return sorted.map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: fields as Record<string, unknown>,
    ...(subresource !== "" && { subresource }),
  }))
}

function inOrder(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? "", b.time ?? "") ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

/** Whether two lists of entries say the same but for the times. */
export function sameOwners(
  a: readonly ManagedFieldsEntry[] | undefined,
  b: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  if (a === b) return true
  if (!a || a.length !== b?.length) return false
  return a.every((entry, at) => {
    const other = b[at]
    return entry === other || (other !== undefined && jsonEqual(timeless(entry), timeless(other)))
  })
}

function timeless({ time: _, ...entry }: ManagedFieldsEntry): object {
  return entry
}
