import { assert, must } from "@wick/sdk/assert"

/** Longest run of neighbours. Longer makes an insertion move more, shorter makes finding the run take more steps. */
const chunkLengthMax = 512

/**
 * Items in order of their keys, kept as a list of short sorted runs: to insert moves at most one run, to find is two
 * binary searches, to walk is an array's loop. At 100,000 keys it is both smaller and faster than a balanced tree of
 * objects, because nearly all its memory is plain arrays of pointers.
 *
 *     chunks: [ [a, b, c], [f, g], [k, m, z] ]     no chunk is empty
 */
export class SortedList<Item extends { readonly key: string }> {
  readonly #chunks: Item[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): Item | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)]
    const item = chunk?.[lowerBound(chunk, key)]
    return item?.key === key ? item : undefined
  }

  /** The key must not be here yet. */
  insert(item: Item): void {
    this.#size++
    const at = Math.min(this.#chunkOf(item.key), this.#chunks.length - 1)
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([item])
      return
    }
    const place = lowerBound(chunk, item.key)
    assert(chunk[place]?.key !== item.key, "a key is inserted once")
    chunk.splice(place, 0, item)
    if (chunk.length <= chunkLengthMax) return
    // Keys often arrive in ascending order: an append splits off almost nothing, so full runs stay full.
    const split = place === chunk.length - 1 ? chunk.length - 1 : chunk.length >> 1
    this.#chunks.splice(at + 1, 0, chunk.splice(split))
  }

  /** Puts many at once, of different keys, into an empty list. */
  fill(items: readonly Item[]): void {
    assert(this.#size === 0, "only an empty list is filled")
    const sorted = items.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    for (let at = 0; at < sorted.length; at += chunkLengthMax) this.#chunks.push(sorted.slice(at, at + chunkLengthMax))
    this.#size = sorted.length
  }

  remove(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = must(this.#chunks[at], "a key that is removed is here")
    const place = lowerBound(chunk, key)
    assert(chunk[place]?.key === key, "a key that is removed is here")
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    this.#size--
  }

  /** Visits items with key ≥ `from` and, unless it is undefined, < `to`, until `visit` returns false. */
  walk(from: string, to: string | undefined, visit: (item: Item) => boolean): void {
    const first = this.#chunkOf(from)
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = must(this.#chunks[at], "index is within the list")
      for (let place = at === first ? lowerBound(chunk, from) : 0; place < chunk.length; place++) {
        const item = must(chunk[place], "index is within the chunk")
        if (to !== undefined && item.key >= to) return
        if (!visit(item)) return
      }
    }
  }

  /** Index of the first chunk whose last key is ≥ `key`; the number of chunks when there is none. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = must(this.#chunks[middle], "index is within the list")
      if (must(chunk[chunk.length - 1], "no chunk is empty").key < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Index of the first item whose key is ≥ `key`. */
function lowerBound(items: readonly { readonly key: string }[], key: string): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (must(items[middle], "index is within the chunk").key < key) low = middle + 1
    else high = middle
  }
  return low
}
