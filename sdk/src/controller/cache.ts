import type { ObjectMeta } from "../api/meta/object-meta.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { assert } from "../assert.ts"
import { type Held, SharedObject } from "../client/shared-objects.ts"
import { asShared } from "./frozen-objects.ts"
import type { Change } from "./informer.ts"

export interface CachedObject {
  readonly metadata: ObjectMeta
}

/** Values that an object is found under in an index. */
export type IndexFunction<Item> = (item: Item) => readonly string[]

/**
 * Objects by namespace and name, and by the values of indexes. Pure and synchronous. It never goes back in time: an
 * object older than the one that is there is not taken, so a list and a watch may be merged in any order. Of shared
 * objects it keeps no more than where they are.
 */
export class Cache<Item extends CachedObject> {
  /** Objects without a namespace stand under "". */
  readonly #namespaces = new Map<string, Map<string, Held<Item>>>()
  readonly #indexes = new Map<string, Index<Item>>()
  /** What a shared object is looked at as. */
  readonly #open: (held: Held<Item>) => Item
  #count = 0

  /** `view`: the part of a shared object that is wanted. It changes nothing of the object. */
  constructor(view?: (item: Item) => Item) {
    this.#open = view ? (held) => (held instanceof SharedObject ? view(opened<Item>(held)) : held) : opened
  }

  get size(): number {
    return this.#count
  }

  get(name: string, namespace = ""): Item | undefined {
    const held = this.#namespaces.get(namespace)?.get(name)
    return held && this.#open(held)
  }

  list(namespace?: string): Item[] {
    return this.#held(namespace).map(this.#open)
  }

  byIndex(name: string, value: string): Item[] {
    const index = this.#indexes.get(name)
    assert(index, `index "${name}" was declared`)
    const found = index.byValue.get(value)
    if (found === undefined) return []
    return found instanceof Set ? [...found].map(this.#open) : [this.#open(found)]
  }

  /** Each object that is there, as if it had just come. */
  additions(): Change<Item>[] {
    return this.#held().map((held) => this.#changeOf(undefined, held))
  }

  /** Declares an index, over what is there too. The same name always means the same function. */
  addIndex(name: string, values: IndexFunction<Item>): void {
    const known = this.#indexes.get(name)
    if (known) {
      const same = known.values === values || String(known.values) === String(values)
      assert(same, `index "${name}" was declared with another function`)
      return
    }
    const index: Index<Item> = { values, open: this.#open, byValue: new Map() }
    this.#indexes.set(name, index)
    for (const held of this.#held()) enter(index, held)
  }

  /** Puts `after` in, unless what is there is newer or the very same version. */
  put(after: Held<Item>): Change<Item> | undefined {
    const { name, namespace, resourceVersion } = placeOf(after)
    let items = this.#namespaces.get(namespace)
    if (!items) {
      items = new Map()
      this.#namespaces.set(namespace, items)
    }
    const before = items.get(name)
    if (before && compareVersions(placeOf(before).resourceVersion, resourceVersion) >= 0) return undefined
    items.set(name, after instanceof SharedObject ? after : asShared(after))
    if (!before) this.#count++
    for (const index of this.#indexes.values()) {
      if (before) leave(index, before)
      enter(index, after)
    }
    return this.#changeOf(before, after)
  }

  /** Takes the object out, unless what is there is newer than `resourceVersion`. */
  remove(name: string, namespace = "", resourceVersion?: string): Change<Item> | undefined {
    const items = this.#namespaces.get(namespace)
    const before = items?.get(name)
    if (!items || !before) return undefined
    const newer = compareVersions(placeOf(before).resourceVersion, resourceVersion ?? "") > 0
    if (resourceVersion !== undefined && newer) return undefined
    items.delete(name)
    if (items.size === 0) this.#namespaces.delete(namespace)
    this.#count--
    for (const index of this.#indexes.values()) leave(index, before)
    return this.#changeOf(before, undefined)
  }

  /** Takes out the object that `held` is a version of, unless what is there is newer than `resourceVersion`. */
  removeLike(held: Held<Item>, resourceVersion: string): Change<Item> | undefined {
    const { name, namespace } = placeOf(held)
    return this.remove(name, namespace, resourceVersion)
  }

  /** Makes the cache what a list at `resourceVersion` said; what a watch has since brought stays. */
  replace(items: readonly Held<Item>[], resourceVersion: string): Change<Item>[] {
    const changes: Change<Item>[] = []
    const listed = new Set<string>()
    for (const item of items) {
      const { name, namespace } = placeOf(item)
      listed.add(`${namespace}/${name}`)
      const change = this.put(item)
      if (change) changes.push(change)
    }
    for (const held of this.#held()) {
      const { name, namespace } = placeOf(held)
      if (listed.has(`${namespace}/${name}`)) continue
      const change = this.remove(name, namespace, resourceVersion)
      if (change) changes.push(change)
    }
    return changes
  }

  #changeOf(before: Held<Item> | undefined, after: Held<Item> | undefined): Change<Item> {
    if (!(before instanceof SharedObject || after instanceof SharedObject)) {
      return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
    }
    return new SharedChange(before, after, this.#open)
  }

  #held(namespace?: string): Held<Item>[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])]
    const all: Held<Item>[] = []
    for (const items of this.#namespaces.values()) for (const item of items.values()) all.push(item)
    return all
  }
}

interface Index<Item> {
  readonly values: IndexFunction<Item>
  readonly open: (held: Held<Item>) => Item
  /** Most values are of one object: a set is made for the second. */
  readonly byValue: Map<string, Held<Item> | Set<Held<Item>>>
}

function enter<Item>(index: Index<Item>, held: Held<Item>): void {
  for (const value of index.values(index.open(held))) {
    const there = index.byValue.get(value)
    if (there instanceof Set) there.add(held)
    else if (there === undefined || there === held) index.byValue.set(value, held)
    else index.byValue.set(value, new Set([there, held]))
  }
}

function leave<Item>(index: Index<Item>, held: Held<Item>): void {
  const item = unlessExpired(held, index.open)
  // Of what has expired nobody knows where it stood: it is looked for everywhere.
  for (const value of item ? index.values(item) : index.byValue.keys()) {
    const there = index.byValue.get(value)
    if (there === held) index.byValue.delete(value)
    else if (there instanceof Set && there.delete(held) && there.size === 0) index.byValue.delete(value)
  }
}

function unlessExpired<Item>(held: Held<Item>, open: (held: Held<Item>) => Item): Item | undefined {
  try {
    return open(held)
  } catch (error) {
    if (held instanceof SharedObject && isStatus(error, "Expired")) return undefined
    throw error
  }
}

function opened<Item>(held: Held<Item>): Item {
  return held instanceof SharedObject ? (asShared(held.object()) as Item) : held
}

function placeOf<Item extends CachedObject>(held: Held<Item>) {
  if (held instanceof SharedObject) return held
  const { name = "", namespace = "", resourceVersion = "" } = held.metadata
  return { name, namespace, resourceVersion }
}

/** Both sides of a change of shared objects, made when they are looked at: most listeners look at one. */
class SharedChange<Item> implements Change<Item> {
  readonly #before: Held<Item> | undefined
  readonly #after: Held<Item> | undefined
  readonly #open: (held: Held<Item>) => Item

  constructor(before: Held<Item> | undefined, after: Held<Item> | undefined, open: (held: Held<Item>) => Item) {
    this.#before = before
    this.#after = after
    this.#open = open
  }

  // What is absent is undefined here, which nobody can tell from absent.
  get before(): Item {
    const before = this.#before
    if (!(before instanceof SharedObject)) return before as Item
    return unlessExpired<Item>(before, this.#open) ?? (before.remains() as Item)
  }

  get after(): Item {
    return (this.#after && this.#open(this.#after)) as Item
  }
}

/** Resource versions are whole numbers of any length: a longer one is later. Negative: `one` is earlier. */
export function compareVersions(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}
