import { StatusError } from "@wick/sdk/api/meta/status-error"
import { isObject, type JsonObject, jsonEqual } from "./json-value.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "./schema-walk.ts"

const directive = "$patch"
const deleteFrom = "$deleteFromPrimitiveList/"
const order = "$setElementOrder/"
const retain = "$retainKeys"

/**
 * Applies a strategic merge patch: like a merge patch, but lists whose schema names a merge key are merged item by item.
 *
 *     spec.containers: [{name: a, image: x}]            changes the image of a, leaves the others
 *     spec.containers: [{name: a, $patch: delete}]      removes a
 *     spec.template: {$patch: replace, …}               replaces instead of merging
 */
export function applyStrategicMerge(target: unknown, patch: unknown, at: SchemaPlace): unknown {
  if (!isObject(patch)) return patch
  if (patch[directive] === "replace") return without(patch, directive)
  if (patch[directive] === "delete") return undefined
  if (patch[directive] !== undefined && patch[directive] !== "merge") {
    throw new StatusError("BadRequest", `unknown $patch directive: ${JSON.stringify(patch[directive])}`)
  }
  return mergeObject(isObject(target) ? target : {}, patch, at)
}

function mergeObject(target: JsonObject, patch: JsonObject, at: SchemaPlace): JsonObject {
  const merged = new Map(Object.entries(target))
  for (const [key, value] of Object.entries(patch)) {
    if (key === directive || key.startsWith(order)) continue
    if (key === retain) keepOnly(merged, value, patch)
    else if (key.startsWith(deleteFrom)) removeFrom(merged, key.slice(deleteFrom.length), value)
    else if (value === null) merged.delete(key)
    else setMerged(merged, key, value, fieldPlace(at, key))
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(order)) reorder(merged, key.slice(order.length), value, at)
  }
  return Object.fromEntries(merged)
}

function setMerged(merged: Map<string, unknown>, key: string, value: unknown, at: SchemaPlace): void {
  const before = merged.get(key)
  const after = Array.isArray(value) ? mergeList(before, value, at) : applyStrategicMerge(before, value, at)
  if (after === undefined) merged.delete(key)
  else merged.set(key, after)
}

function mergeList(before: unknown, patch: unknown[], at: SchemaPlace): unknown[] {
  const { "x-kubernetes-patch-strategy": strategy, "x-kubernetes-patch-merge-key": key } = at.schema
  const list = Array.isArray(before) ? before : []
  if (typeof strategy !== "string" || !strategy.includes("merge")) return withoutDirectives(patch)
  if (typeof key !== "string")
    return [...list, ...patch.filter((value) => !list.some((known) => jsonEqual(known, value)))]
  if (patch.some((item) => isObject(item) && item[directive] === "replace")) return withoutDirectives(patch)
  return mergeByKey(list, patch, key, itemPlace(at))
}

function mergeByKey(list: unknown[], patch: unknown[], key: string, at: SchemaPlace): unknown[] {
  let merged = [...list]
  for (const item of patch) {
    if (!isObject(item)) continue
    const same = (other: unknown): boolean => isObject(other) && jsonEqual(other[key], item[key])
    if (item[directive] === "delete") {
      merged = merged.filter((other) => !same(other))
      continue
    }
    const index = merged.findIndex(same)
    const value = applyStrategicMerge(merged[index], item, at)
    if (index < 0) merged.push(value)
    else merged[index] = value
  }
  return merged
}

function withoutDirectives(list: unknown[]): unknown[] {
  const items = list.filter((item) => !isObject(item) || Object.keys(item).some((key) => key !== directive))
  return items.map((item) => (isObject(item) ? without(item, directive) : item))
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
}

/** `$retainKeys` names the only fields that may stay: for unions, where a new member replaces the old one. */
function keepOnly(merged: Map<string, unknown>, kept: unknown, patch: JsonObject): void {
  if (!Array.isArray(kept)) return
  for (const key of merged.keys()) if (!kept.includes(key) && !(key in patch)) merged.delete(key)
}

function removeFrom(merged: Map<string, unknown>, key: string, values: unknown): void {
  const list = merged.get(key)
  if (!Array.isArray(list) || !Array.isArray(values)) return
  merged.set(
    key,
    list.filter((item) => !values.some((value) => jsonEqual(value, item))),
  )
}

/** Items named by `$setElementOrder/…` come in that order, the others after them as they were. */
function reorder(merged: Map<string, unknown>, key: string, wanted: unknown, at: SchemaPlace): void {
  const list = merged.get(key)
  if (!Array.isArray(list) || !Array.isArray(wanted)) return
  const mergeKey = fieldPlace(at, key).schema["x-kubernetes-patch-merge-key"]
  const identity = (item: unknown): unknown => (isObject(item) && typeof mergeKey === "string" ? item[mergeKey] : item)
  const rank = (item: unknown): number => {
    const found = wanted.findIndex((other) => jsonEqual(identity(other), identity(item)))
    return found < 0 ? wanted.length : found
  }
  merged.set(
    key,
    list
      .map((item, index) => ({ item, index }))
      .toSorted((a, b) => rank(a.item) - rank(b.item) || a.index - b.index)
      .map(({ item }) => item),
  )
}
