import { elementSet, type FieldSet, leaf, union } from "./field-set.ts"
import { wholeOf } from "./fields-of.ts"
import { isObject, type JsonObject, jsonEqual } from "./json-value.ts"
import { itemsOf } from "./list-element.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "./schema-walk.ts"

/** What became of the fields of an object. */
export interface Comparison {
  /** Added, or of another value. */
  readonly changed: FieldSet | undefined
  readonly removed: FieldSet | undefined
}

/**
 * Fields of built-in kinds that are there as soon as what holds them is: in Kubernetes they are structs without a pointer,
 * or lists that are written also when they are empty, so whoever fills them in did not bring them.
 */
const alwaysThere: Readonly<Record<string, unknown>> = {
  metadata: {},
  spec: {},
  status: {},
  template: {},
  strategy: {},
  updateStrategy: {},
  jobTemplate: {},
  scaleTargetRef: {},
  loadBalancer: {},
  nodeInfo: {},
  daemonEndpoints: {},
  kubeletEndpoint: {},
  podSelector: {},
  names: {},
  acceptedNames: {},
  priorityLevelConfiguration: {},
  source: {},
  target: {},
  resources: {},
  containers: [],
}

/** Walks two objects together; undefined when they say the same. Only what differs costs memory. */
export function compareObjects(
  before: JsonObject,
  after: JsonObject,
  at: SchemaPlace,
  isThere: boolean,
): Comparison | undefined {
  let changed: Record<string, FieldSet> | undefined
  let removed: Record<string, FieldSet> | undefined
  const note = (key: string, difference: Comparison | undefined): void => {
    if (difference?.changed) {
      changed ??= {}
      changed[`f:${key}`] = difference.changed
    }
    if (difference?.removed) {
      removed ??= {}
      removed[`f:${key}`] = difference.removed
    }
  }
  for (const key in after) {
    const filled = isThere && Object.hasOwn(alwaysThere, key) ? alwaysThere[key] : undefined
    const was = Object.hasOwn(before, key) ? before[key] : undefined
    if (was !== after[key])
      note(key, compareFields(was ?? filled, after[key], fieldPlace(at, key), filled !== undefined))
  }
  for (const key in before) {
    if (before[key] !== undefined && (!Object.hasOwn(after, key) || after[key] === undefined))
      note(key, { changed: undefined, removed: wholeOf(before[key], fieldPlace(at, key)) })
  }
  if (!changed && !removed) return undefined
  return { changed: changed && elementSet(false, changed), removed: removed && elementSet(false, removed) }
}

export function compareFields(
  before: unknown,
  after: unknown,
  at: SchemaPlace,
  isThere: boolean,
): Comparison | undefined {
  if (before === after || after === undefined) return undefined
  if (before === undefined) return { changed: wholeOf(after, at), removed: undefined }
  if (Array.isArray(after) && at.list.kind !== "atomic" && (before === null || Array.isArray(before)))
    return compareLists(before ?? [], after, at)
  if (isObject(after) && !at.isAtomic && (before === null || isObject(before))) {
    if (before === null && Object.keys(after).length === 0) return { changed: leaf, removed: undefined }
    return compareObjects(before ?? {}, after, at, isThere)
  }
  if (jsonEqual(before, after)) return undefined
  const wasWhole = wholeOf(before, at) === leaf
  return { changed: union(leaf, wholeOf(after, at)), removed: wasWhole ? undefined : wholeOf(before, at) }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], at: SchemaPlace): Comparison | undefined {
  const { list: shape } = at
  if (shape.kind === "atomic" || (before.length === 0 && after.length === 0)) return undefined
  const was = itemsOf(before, shape, at)
  const is = itemsOf(after, shape, at)
  const changed: Record<string, FieldSet> = {}
  const removed: Record<string, FieldSet> = {}
  for (const [element, items] of is) {
    const difference = compareItems(was.get(element) ?? [], items, itemPlace(at))
    if (difference?.changed) changed[element] = difference.changed
    if (difference?.removed) removed[element] = difference.removed
  }
  for (const [element, items] of was) {
    if (!is.has(element)) removed[element] = items.length > 1 ? leaf : wholeOf(items[0], itemPlace(at))
  }
  const sets = { changed: elementSet(false, changed), removed: elementSet(false, removed) }
  return sets.changed || sets.removed ? sets : undefined
}

/** Items of one element. Several of them are owned together, as nobody can tell them apart. */
function compareItems(before: readonly unknown[], after: readonly unknown[], at: SchemaPlace): Comparison | undefined {
  if (before.length <= 1 && after.length <= 1) return compareFields(before[0], after[0], at, false)
  if (jsonEqual(before, after)) return undefined
  return { changed: leaf, removed: before.length === 1 ? wholeOf(before[0], at) : undefined }
}
