import { must } from "@wick/sdk/assert"
import { contains, type KeyInterval, noEnd } from "./key-interval.ts"

interface Node<Item extends KeyInterval> {
  readonly item: Item
  /** The greatest end in the subtree that this node is the root of. */
  readonly endMax: string
}

/**
 * Finds all intervals that contain a key, without looking at the others: a balanced tree laid out in one sorted array
 * (the middle of a stretch is its root). It is built anew when the set has changed and is asked, which is right where
 * questions are many and changes few: watchers come and go seldom compared with writes.
 */
export class IntervalTree<Item extends KeyInterval> {
  readonly #nodes: (Node<Item> | undefined)[]

  constructor(items: Iterable<Item>) {
    const sorted = [...items].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    this.#nodes = new Array(sorted.length).fill(undefined)
    this.#build(sorted, 0, sorted.length)
  }

  containing(key: string, visit: (item: Item) => void): void {
    this.#visit(key, visit, 0, this.#nodes.length)
  }

  #build(sorted: readonly Item[], low: number, high: number): string {
    if (low >= high) return ""
    const middle = (low + high) >>> 1
    const item = must(sorted[middle], "index is within the array")
    const endMax = greater(
      endOf(item),
      greater(this.#build(sorted, low, middle), this.#build(sorted, middle + 1, high)),
    )
    this.#nodes[middle] = { item, endMax }
    return endMax
  }

  #visit(key: string, visit: (item: Item) => void, low: number, high: number): void {
    if (low >= high) return
    const middle = (low + high) >>> 1
    const node = must(this.#nodes[middle], "every node is built")
    if (node.endMax !== noEnd && node.endMax <= key) return // all in this subtree end before the key
    this.#visit(key, visit, low, middle)
    if (node.item.key > key) return // all to the right begin after the key
    if (contains(node.item, key)) visit(node.item)
    this.#visit(key, visit, middle + 1, high)
  }
}

/** The exclusive end: a single key ends just after itself. */
function endOf(interval: KeyInterval): string {
  return interval.end ?? `${interval.key}\0`
}

/** `noEnd` is greater than everything, though as a string it is small. */
function greater(a: string, b: string): string {
  if (a === noEnd || b === noEnd) return noEnd
  return a > b ? a : b
}
