import type { Clock, Timer } from "@wick/sdk/clock"

export interface Deadlined<Item> {
  deadlineBefore: Item | undefined
  deadlineAfter: Item | undefined
  /** Time on the queue's clock, or 0 when not in a queue. */
  deadlineMs: number
}

/**
 * Deadlines that all lie the same duration ahead, so they fall due in the order in which they were set and one timer,
 * for the first, is enough. Setting and clearing cost two pointer writes: this stands on the path of every request.
 */
export class DeadlineQueue<Item extends Deadlined<Item>> {
  readonly #clock: Clock
  readonly #expire: (item: Item) => void
  #durationMs: number
  #head: Item | undefined
  #tail: Item | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, durationMs: number, expire: (item: Item) => void) {
    this.#clock = clock
    this.#durationMs = durationMs
    this.#expire = expire
  }

  /** Holds for items added from now on; a shorter one falls due in its turn, after the longer ones before it. */
  set durationMs(durationMs: number) {
    this.#durationMs = durationMs
  }

  add(item: Item, nowMs: number): void {
    item.deadlineMs = nowMs + this.#durationMs
    item.deadlineBefore = this.#tail
    item.deadlineAfter = undefined
    if (this.#tail === undefined) this.#head = item
    else this.#tail.deadlineAfter = item
    this.#tail = item
    if (this.#timer === undefined) this.#arm(this.#durationMs)
  }

  /** Does nothing when the item is in no queue. */
  remove(item: Item): void {
    if (item.deadlineMs === 0) return
    if (item.deadlineBefore === undefined) this.#head = item.deadlineAfter
    else item.deadlineBefore.deadlineAfter = item.deadlineAfter
    if (item.deadlineAfter === undefined) this.#tail = item.deadlineBefore
    else item.deadlineAfter.deadlineBefore = item.deadlineBefore
    item.deadlineBefore = undefined
    item.deadlineAfter = undefined
    item.deadlineMs = 0
  }

  /** `other` falls due in the item's stead. */
  replace(item: Item, other: Item): void {
    if (item.deadlineMs === 0) return
    const { deadlineBefore: before, deadlineAfter: after } = item
    other.deadlineMs = item.deadlineMs
    other.deadlineBefore = before
    other.deadlineAfter = after
    if (before === undefined) this.#head = other
    else before.deadlineAfter = other
    if (after === undefined) this.#tail = other
    else after.deadlineBefore = other
    item.deadlineBefore = undefined
    item.deadlineAfter = undefined
    item.deadlineMs = 0
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.timer(ms, () => this.#ring())
  }

  /** The timer is left running when its item goes; it then finds the next one, not yet due, and is set for that. */
  #ring(): void {
    this.#timer = undefined
    const now = this.#clock.monotonic()
    // A timer may ring a fraction of a millisecond early.
    while (this.#head !== undefined && this.#head.deadlineMs <= now + 1) {
      const item = this.#head
      this.remove(item)
      this.#expire(item)
    }
    if (this.#head !== undefined && this.#timer === undefined) this.#arm(this.#head.deadlineMs - now)
  }
}
