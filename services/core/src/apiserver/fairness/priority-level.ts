import type { LevelSpec } from "./bootstrap.ts"
import { handOf } from "./hand.ts"

/** A request that waits; it is told when it may go. */
export interface Waiting {
  readonly go: () => void
}

interface Queue {
  readonly waiting: Waiting[]
  /** Virtual time at which its next request is due: each that was served moves it on by one. */
  due: number
}

export type Entry =
  | { readonly kind: "seated" }
  | { readonly kind: "queued"; leave(): boolean }
  | { readonly kind: "full" }

const seated: Entry = { kind: "seated" }
const full: Entry = { kind: "full" }

/**
 * The seats of one priority level, and the queues before them. Synchronous and without a clock: whoever leaves a seat
 * gives it to the queue that has waited longest for its turn, so every queue with requests is served equally often,
 * however many another has.
 */
export class PriorityLevel {
  readonly spec: LevelSpec
  readonly seats: number
  readonly #queues: Queue[]
  #taken = 0
  #waitingCount = 0
  #now = 0

  constructor(spec: LevelSpec, seats: number) {
    this.spec = spec
    this.seats = seats
    this.#queues = Array.from({ length: spec.queuing?.queues ?? 0 }, () => ({ waiting: [], due: 0 }))
  }

  get taken(): number {
    return this.#taken
  }

  get waitingCount(): number {
    return this.#waitingCount
  }

  /** Takes a seat if one is free and nobody waits. */
  tryEnter(): boolean {
    if (this.#taken >= this.seats || this.#waitingCount > 0) return false
    this.#taken += 1
    return true
  }

  enter(flow: string, waiting: Waiting): Entry {
    if (this.tryEnter()) return seated
    const { queuing } = this.spec
    if (queuing === undefined) return full
    const hand = handOf(flow, queuing.queues, queuing.handSize).flatMap((card) => this.#queues[card] ?? [])
    const [shortest] = hand.sort((one, other) => one.waiting.length - other.waiting.length)
    if (shortest === undefined || shortest.waiting.length >= queuing.lengthMax) return full
    // A queue that was empty has no turns saved up.
    if (shortest.waiting.length === 0) shortest.due = Math.max(shortest.due, this.#now)
    shortest.waiting.push(waiting)
    this.#waitingCount += 1
    return { kind: "queued", leave: () => this.#giveUp(shortest, waiting) }
  }

  /** Frees a seat, or hands it on. */
  leave(): void {
    const next = this.#next()
    if (next === undefined) this.#taken -= 1
    else next.go()
  }

  #next(): Waiting | undefined {
    let chosen: Queue | undefined
    for (const queue of this.#queues) {
      if (queue.waiting.length > 0 && (chosen === undefined || queue.due < chosen.due)) chosen = queue
    }
    if (chosen === undefined) return undefined
    this.#now = chosen.due
    chosen.due += 1
    this.#waitingCount -= 1
    return chosen.waiting.shift()
  }

  /** False when it has its seat already. */
  #giveUp({ waiting }: Queue, one: Waiting): boolean {
    const at = waiting.indexOf(one)
    if (at < 0) return false
    waiting.splice(at, 1)
    this.#waitingCount -= 1
    return true
  }
}
