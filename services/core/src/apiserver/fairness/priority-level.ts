import type { LevelSpec } from "./configuration.ts"
import { handOf } from "./hand.ts"

/** A request that waits for `width` seats; it is told when it may go. */
export interface Waiting {
  readonly flow: string
  readonly width: number
  readonly go: () => void
}

/** One that waits, and the how manieth he was to come. */
interface Place extends Waiting {
  readonly order: number
}

interface Queue {
  readonly places: Place[]
  /** Virtual time at which its next request is due: each seat that was given to it moves it on by one. */
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
 * however many another has. A wide request waits at the head until there is room for all of it, and is not passed by.
 */
export class PriorityLevel {
  #spec: LevelSpec
  #nominal: number
  #limit: number
  #queues: Queue[] = []
  #taken = 0
  #waitingCount = 0
  #waitingSeats = 0
  #demandMax = 0
  #now = 0
  #comers = 0

  constructor(spec: LevelSpec, nominal: number) {
    this.#spec = spec
    this.#nominal = nominal
    this.#limit = nominal
    this.#queues = queuesOf(spec)
  }

  get spec(): LevelSpec {
    return this.#spec
  }

  /** Seats that are its own. */
  get nominal(): number {
    return this.#nominal
  }

  /** Seats that it has now, with what it borrows and without what it lends. */
  get limit(): number {
    return this.#limit
  }

  get taken(): number {
    return this.#taken
  }

  get waitingCount(): number {
    return this.#waitingCount
  }

  get waitingSeats(): number {
    return this.#waitingSeats
  }

  /** The most seats that were taken and waited for at a time since this was last asked. */
  demandSince(): number {
    const demand = this.#demandMax
    this.#demandMax = this.#taken + this.#waitingSeats
    return Math.max(demand, this.#demandMax)
  }

  /** More seats go to who waits at once; fewer are felt as requests leave. */
  setLimit(limit: number): void {
    this.#limit = limit
    this.#seatNext()
  }

  /** What it is from now on. Who waits keeps the order in which he came, in the queues that there are now. */
  configure(spec: LevelSpec, nominal: number): void {
    const { queuing } = this.#spec
    this.#spec = spec
    this.#nominal = nominal
    const isDealtAnew = queuing?.queues !== spec.queuing?.queues || queuing?.handSize !== spec.queuing?.handSize
    // Without queues nobody new may wait; those who do are let through by the old ones.
    if (isDealtAnew && spec.queuing) this.#dealAnew(spec)
    this.setLimit(nominal)
  }

  /** Takes seats if they are free and nobody waits. */
  tryEnter(width: number): boolean {
    if (this.#waitingCount > 0 || !this.#fits(width)) {
      // What is refused was wanted too.
      this.#demandMax = Math.max(this.#demandMax, this.#taken + this.#waitingSeats + width)
      return false
    }
    this.#take(width)
    return true
  }

  enter(waiting: Waiting): Entry {
    if (this.tryEnter(waiting.width)) return seated
    const { queuing } = this.#spec
    if (queuing === undefined) return full
    const shortest = this.#shortest(waiting.flow)
    if (shortest === undefined || shortest.places.length >= queuing.lengthMax) return full
    const place = { ...waiting, order: this.#comers++ }
    this.#push(shortest, place)
    this.#waitingCount += 1
    this.#waitingSeats += waiting.width
    return { kind: "queued", leave: () => this.#giveUp(place) }
  }

  /** Frees seats, and hands them on. */
  leave(width: number): void {
    this.#taken -= width
    if (this.#waitingCount > 0) this.#seatNext()
  }

  #fits(width: number): boolean {
    if (this.#spec.isExempt) return true
    // One that is wider than all there is goes alone.
    return this.#taken + width <= this.#limit || (this.#taken === 0 && this.#limit > 0)
  }

  #take(width: number): void {
    this.#taken += width
    const demand = this.#taken + this.#waitingSeats
    if (demand > this.#demandMax) this.#demandMax = demand
  }

  #shortest(flow: string): Queue | undefined {
    const { queues = 0, handSize = 0 } = this.#spec.queuing ?? {}
    let shortest: Queue | undefined
    for (const card of handOf(flow, queues, handSize)) {
      const queue = this.#queues[card]
      if (queue && (shortest === undefined || queue.places.length < shortest.places.length)) shortest = queue
    }
    return shortest
  }

  #push(queue: Queue, place: Place): void {
    // A queue that was empty has no turns saved up.
    if (queue.places.length === 0) queue.due = Math.max(queue.due, this.#now)
    queue.places.push(place)
  }

  #dealAnew(spec: LevelSpec): void {
    const places = this.#queues.flatMap((queue) => queue.places).sort((one, other) => one.order - other.order)
    this.#queues = queuesOf(spec)
    this.#now = 0
    for (const place of places) {
      const queue = this.#shortest(place.flow)
      if (queue) this.#push(queue, place)
    }
  }

  #seatNext(): void {
    for (;;) {
      const queue = this.#next()
      const [place] = queue?.places ?? []
      if (!queue || !place || !this.#fits(place.width)) return
      this.#now = queue.due
      queue.due += place.width
      this.#remove(queue, 0)
      this.#take(place.width)
      place.go()
    }
  }

  /** The queue whose turn it is; of two, the one whose first has come before. */
  #next(): Queue | undefined {
    let chosen: Queue | undefined
    let order = 0
    for (const queue of this.#queues) {
      const [first] = queue.places
      if (!first) continue
      if (chosen === undefined || queue.due < chosen.due || (queue.due === chosen.due && first.order < order)) {
        chosen = queue
        order = first.order
      }
    }
    return chosen
  }

  #remove({ places }: Queue, at: number): void {
    const [gone] = places.splice(at, 1)
    this.#waitingCount -= 1
    this.#waitingSeats -= gone?.width ?? 0
  }

  /** False when it has its seat already. */
  #giveUp(place: Place): boolean {
    for (const queue of this.#queues) {
      const at = queue.places.indexOf(place)
      if (at < 0) continue
      this.#remove(queue, at)
      // It may have been wide, and the next one narrow.
      this.#seatNext()
      return true
    }
    return false
  }
}

function queuesOf({ queuing }: LevelSpec): Queue[] {
  return Array.from({ length: queuing?.queues ?? 0 }, () => ({ places: [], due: 0 }))
}
