import { assert } from "../assert.ts"

/** First wait after a failure; it doubles with each further one. */
const backoffMsMin = 5
/** Longest wait after a failure: a key that cannot succeed costs next to nothing, and is yet not forgotten. */
const backoffMsMax = 60_000

/**
 * Keys that wait to be worked on. A key is there at most once however often it is added; one that is added while it is
 * worked on comes again afterwards, so no change is missed and no key is ever worked on twice at a time. Pure: the
 * time is an argument, and `nextDueMs` says when to look again.
 */
export class WorkQueue {
  readonly #ready = new Set<string>()
  readonly #processing = new Set<string>()
  /** Added while they are processed. */
  readonly #again = new Set<string>()
  /** How often in a row the key failed, and until when it should rest. */
  readonly #failures = new Map<string, { readonly count: number; readonly restUntilMs: number }>()
  /** Key → when it is due. The heap may hold outdated moments of a key; this map is right. */
  readonly #dueAt = new Map<string, number>()
  readonly #heap = new DueHeap()
  readonly #queued: ((key: string) => void) | undefined

  /** `queued` is told of each key that begins to wait for work. */
  constructor(queued?: (key: string) => void) {
    this.#queued = queued
  }

  /** To be worked on as soon as may be. */
  add(key: string): void {
    this.#dueAt.delete(key)
    if (this.#processing.has(key)) this.#again.add(key)
    else this.#enqueue(key)
  }

  /** To be worked on at `atMs`, or earlier if it was to be already. */
  addAt(key: string, atMs: number): void {
    if (this.#ready.has(key) || this.#again.has(key)) return
    const known = this.#dueAt.get(key)
    if (known !== undefined && known <= atMs) return
    this.#dueAt.set(key, atMs)
    this.#heap.push(key, atMs)
  }

  /** The next key to work on, if one is due at `nowMs`; `done` must follow. */
  take(nowMs: number): string | undefined {
    this.#promote(nowMs)
    for (const key of this.#ready) {
      this.#ready.delete(key)
      this.#processing.add(key)
      return key
    }
    return undefined
  }

  /** Work on `key` has ended, well or not. */
  done(key: string): void {
    assert(this.#processing.delete(key), "only a key that was taken is done")
    if (this.#again.delete(key)) this.#enqueue(key)
  }

  /** Work on `key` succeeded: the next failure begins with the shortest wait again. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** Whether work on `key` has failed since it last succeeded. */
  hasFailed(key: string): boolean {
    return this.#failures.has(key)
  }

  /**
   * Work on `key` failed: it comes again after its backoff, which is returned. A key that was woken in the middle of its
   * rest and failed again rests as long as before, not longer: it has only tried more often, not for longer.
   */
  retry(key: string, nowMs: number): number {
    const last = this.#failures.get(key)
    const rested = last === undefined || nowMs >= last.restUntilMs
    const count = (last?.count ?? 0) + (rested ? 1 : 0)
    const waitMs = Math.min(backoffMsMin * 2 ** (count - 1), backoffMsMax)
    this.#failures.set(key, { count, restUntilMs: nowMs + waitMs })
    this.addAt(key, nowMs + waitMs)
    return waitMs
  }

  /** When the earliest waiting key is due; undefined when none waits. Ready keys are not counted: take them. */
  nextDueMs(): number | undefined {
    this.#dropOutdated()
    return this.#heap.first()?.atMs
  }

  get readyCount(): number {
    return this.#ready.size
  }

  /** Nothing to do now and nothing being done; keys may wait for a later moment. */
  get idle(): boolean {
    return this.#ready.size === 0 && this.#processing.size === 0
  }

  #enqueue(key: string): void {
    if (this.#queued && !this.#ready.has(key)) this.#queued(key)
    this.#ready.add(key)
  }

  #promote(nowMs: number): void {
    for (let due = this.nextDueMs(); due !== undefined && due <= nowMs; due = this.nextDueMs()) {
      const { key } = this.#heap.pop()
      this.add(key)
    }
  }

  #dropOutdated(): void {
    for (let first = this.#heap.first(); first !== undefined; first = this.#heap.first()) {
      if (this.#dueAt.get(first.key) === first.atMs) return
      this.#heap.pop()
    }
  }
}

interface Due {
  readonly key: string
  readonly atMs: number
}

/** A binary heap, earliest first. */
class DueHeap {
  readonly #items: Due[] = []

  first(): Due | undefined {
    return this.#items[0]
  }

  push(key: string, atMs: number): void {
    const items = this.#items
    let index = items.push({ key, atMs }) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (this.#at(parent).atMs <= atMs) break
      this.#swap(index, parent)
      index = parent
    }
  }

  pop(): Due {
    const first = this.#at(0)
    const last = this.#items.pop() as Due
    if (this.#items.length > 0) {
      this.#items[0] = last
      this.#sink()
    }
    return first
  }

  #sink(): void {
    const count = this.#items.length
    for (let index = 0; ; ) {
      const left = 2 * index + 1
      if (left >= count) return
      const right = left + 1
      const least = right < count && this.#at(right).atMs < this.#at(left).atMs ? right : left
      if (this.#at(index).atMs <= this.#at(least).atMs) return
      this.#swap(index, least)
      index = least
    }
  }

  #at(index: number): Due {
    const item = this.#items[index]
    assert(item, "the heap holds this index")
    return item
  }

  #swap(one: number, other: number): void {
    const kept = this.#at(one)
    this.#items[one] = this.#at(other)
    this.#items[other] = kept
  }
}
