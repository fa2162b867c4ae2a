import type { ObjectMeta } from "../api/meta/object-meta.ts"
import { assert } from "../assert.ts"
import type { Change } from "./informer.ts"

export interface CachedObject {
  readonly metadata: ObjectMeta
}

/** Values that an object is found under in an index. */
export type IndexFunction<Item> = (item: Item) => readonly string[]

/**
 * Objects by namespace and name, and by the values of indexes. Pure and synchronous. It never goes back in time: an
 * object older than the one that is there is not taken, so a list and a watch may be merged in any order.
 */
export class Cache<Item extends CachedObject> {
  /** Objects without a namespace stand under "". */
  readonly #namespaces = new Map<string, Map<string, Item>>()
  readonly #indexes = new Map<string, Index<Item>>()
  #count = 0

  get size(): number {
    return this.#count
  }

  get(name: string, namespace = ""): Item | undefined {
    return this.#namespaces.get(namespace)?.get(name)
  }

  list(namespace?: string): Item[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])]
    const all: Item[] = []
    for (const items of this.#namespaces.values()) for (const item of items.values()) all.push(item)
    return all
  }

  byIndex(name: string, value: string): Item[] {
    const index = this.#indexes.get(name)
    assert(index, `index "${name}" was declared`)
    return [...(index.byValue.get(value) ?? [])]
  }

  /** Declares an index, over what is there too. The same name always means the same function. */
  addIndex(name: string, values: IndexFunction<Item>): void {
    const known = this.#indexes.get(name)
    if (known) {
      const same = known.values === values || String(known.values) === String(values)
      assert(same, `index "${name}" was declared with another function`)
      return
    }
    const index: Index<Item> = { values, byValue: new Map() }
    this.#indexes.set(name, index)
    for (const item of this.list()) enter(index, item)
  }

  /** Puts `after` in, unless what is there is newer or the very same version. */
  put(after: Item): Change<Item> | undefined {
    const { name = "", namespace = "", resourceVersion = "" } = after.metadata
    let items = this.#namespaces.get(namespace)
    if (!items) {
      items = new Map()
      this.#namespaces.set(namespace, items)
    }
    const before = items.get(name)
    if (before && compareVersions(before.metadata.resourceVersion ?? "", resourceVersion) >= 0) return undefined
    items.set(name, after)
    if (!before) this.#count++
    for (const index of this.#indexes.values()) {
      if (before) leave(index, before)
      enter(index, after)
    }
    return before ? { before, after } : { after }
  }

  /** Takes the object out, unless what is there is newer than `resourceVersion`. */
  remove(name: string, namespace = "", resourceVersion?: string): Change<Item> | undefined {
    const items = this.#namespaces.get(namespace)
    const before = items?.get(name)
    if (!items || !before) return undefined
    const newer = compareVersions(before.metadata.resourceVersion ?? "", resourceVersion ?? "") > 0
    if (resourceVersion !== undefined && newer) return undefined
    items.delete(name)
    if (items.size === 0) this.#namespaces.delete(namespace)
    this.#count--
    for (const index of this.#indexes.values()) leave(index, before)
    return { before }
  }

  /** Makes the cache what a list at `resourceVersion` said; what a watch has since brought stays. */
  replace(items: readonly Item[], resourceVersion: string): Change<Item>[] {
    const changes: Change<Item>[] = []
    const listed = new Set<string>()
    for (const item of items) {
      listed.add(`${item.metadata.namespace ?? ""}/${item.metadata.name}`)
      const change = this.put(item)
      if (change) changes.push(change)
    }
    for (const { metadata } of this.list()) {
      if (listed.has(`${metadata.namespace ?? ""}/${metadata.name}`)) continue
      const change = this.remove(metadata.name ?? "", metadata.namespace, resourceVersion)
      if (change) changes.push(change)
    }
    return changes
  }
}

interface Index<Item> {
  readonly values: IndexFunction<Item>
  readonly byValue: Map<string, Set<Item>>
}

function enter<Item>(index: Index<Item>, item: Item): void {
  for (const value of index.values(item)) {
    const items = index.byValue.get(value)
    if (items) items.add(item)
    else index.byValue.set(value, new Set([item]))
  }
}

function leave<Item>(index: Index<Item>, item: Item): void {
  for (const value of index.values(item)) {
    const items = index.byValue.get(value)
    items?.delete(item)
    if (items?.size === 0) index.byValue.delete(value)
  }
}

/** Resource versions are whole numbers of any length: a longer one is later. Negative: `one` is earlier. */
export function compareVersions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}
