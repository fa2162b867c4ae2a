import { isObject, type JsonObject } from "./json-value.ts"
import { itemsOf } from "./list-element.ts"
import { fieldPlace, itemPlace, type ListShape, type SchemaPlace } from "./schema-walk.ts"

/** What is applied laid over what is there: maps field by field, lists as their schema says. Both are left alone. */
export function mergeApplied(live: unknown, applied: unknown, at: SchemaPlace): unknown {
  if (applied === undefined) return live
  if (Array.isArray(applied)) return mergeLists(Array.isArray(live) ? live : [], applied, at)
  if (!isObject(applied) || !isObject(live) || at.isAtomic) return applied
  const merged: JsonObject = { ...live }
  for (const [key, value] of Object.entries(applied)) {
    const before = Object.hasOwn(live, key) ? live[key] : undefined
    Object.defineProperty(merged, key, { ...field, value: mergeApplied(before, value, fieldPlace(at, key)) })
  }
  return merged
}

const field = { writable: true, enumerable: true, configurable: true }

function mergeLists(live: readonly unknown[], applied: readonly unknown[], at: SchemaPlace): readonly unknown[] {
  const { list: shape } = at
  return shape.kind === "atomic" ? applied : mergeItems(live, applied, shape, at)
}

/**
 * Items in the order in which they are applied; those that only the live list has stay behind the item that they were
 * behind, as far as the two orders agree.
 */
function mergeItems(
  live: readonly unknown[],
  applied: readonly unknown[],
  shape: Exclude<ListShape, { kind: "atomic" }>,
  at: SchemaPlace,
): readonly unknown[] {
  const mine = itemsOf(applied, shape, at)
  const theirs = itemsOf(live, shape, at)
  const shared = [...mine.keys()].filter((element) => theirs.has(element))
  const order: string[] = []
  const taken = new Set<string>()
  const wanted = [...mine.keys()]
  const there = [...theirs.keys()]
  let next = 0
  const take = (element: string): void => {
    taken.add(element)
    order.push(element)
    if (shared[next] === element) next += 1
  }
  for (let l = 0, r = 0; l < there.length || r < wanted.length; ) {
    const left = there[l]
    const right = wanted[r]
    if (left !== undefined && left === right) {
      take(left)
      l += 1
      r += 1
      continue
    }
    const isEarly = left !== undefined && mine.has(left) && shared[next] !== undefined && shared[next] !== left
    if (isEarly && right !== undefined) {
      l += 1
      continue
    }
    if (left !== undefined && !mine.has(left)) {
      take(left)
      l += 1
      continue
    }
    if (left !== undefined && taken.has(left)) l += 1
    if (right === undefined) continue
    take(right)
    r += 1
  }
  const items = itemPlace(at)
  return order.flatMap((element) => mergeItem(theirs.get(element) ?? [], mine.get(element), items))
}

function mergeItem(live: readonly unknown[], applied: readonly unknown[] | undefined, at: SchemaPlace): unknown[] {
  if (!applied) return [...live]
  return [mergeApplied(live.length === 1 ? live[0] : undefined, applied.at(-1), at)]
}
