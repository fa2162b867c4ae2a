import { must } from "@wick/sdk/assert"

export interface Deadline {
  readonly atMs: number
  readonly id: number
}

/**
 * A binary heap: the earliest deadline is at the top, of equal ones the one with the smallest id: members that were started
 * anew have heard of them in another order. A deadline that was moved is added again, the old one is stale.
 */
export class DeadlineQueue {
  readonly #heap: Deadline[] = []

  peek(): Deadline | undefined {
    return this.#heap[0]
  }

  add(deadline: Deadline): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(deadline)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(deadline, this.#at(parent))) break
      heap[at] = this.#at(parent)
      at = parent
    }
    heap[at] = deadline
  }

  pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(this.#at(child + 1), this.#at(child))) child++
      if (!isBefore(this.#at(child), last)) break
      heap[at] = this.#at(child)
      at = child
    }
    heap[at] = last
  }

  #at(index: number): Deadline {
    return must(this.#heap[index], "index is within the heap")
  }
}

function isBefore(one: Deadline, other: Deadline): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.id < other.id)
}
