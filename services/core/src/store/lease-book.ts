import { must } from "@wick/sdk/assert"
import { DeadlineQueue } from "./deadline-queue.ts"

export interface Lease {
  readonly id: number
  readonly ttlSeconds: number
  /** In store time, see `StampedCommand`. */
  readonly deadlineMs: number
}

/**
 * Which leases live until when, and which keys die with them. Pure state: a lease is over when a command says so, not
 * when a clock does, so all members end it at the same revision.
 */
export class LeaseBook {
  readonly #leases = new Map<number, Lease>()
  readonly #keys = new Map<number, Set<string>>()
  readonly #deadlines = new DeadlineQueue()

  get(id: number): Lease | undefined {
    return this.#leases.get(id)
  }

  all(): readonly Lease[] {
    return [...this.#leases.values()]
  }

  get size(): number {
    return this.#leases.size
  }

  /** Adds a lease, or moves the deadline of the one with this id. */
  set(lease: Lease): void {
    this.#leases.set(lease.id, lease)
    this.#deadlines.add({ atMs: lease.deadlineMs, id: lease.id })
  }

  attach(id: number, key: string): void {
    const keys = this.#keys.get(id)
    if (keys === undefined) this.#keys.set(id, new Set([key]))
    else keys.add(key)
  }

  detach(id: number, key: string): void {
    const keys = must(this.#keys.get(id), "a key is detached from the lease that it was attached to")
    keys.delete(key)
    if (keys.size === 0) this.#keys.delete(id)
  }

  /** Keys of the lease in order, so that every member deletes them in the same order. */
  keysOf(id: number): readonly string[] {
    return [...(this.#keys.get(id) ?? [])].sort()
  }

  remove(id: number): void {
    this.#leases.delete(id)
  }

  /** The next moment at which a lease is over; undefined when there is none. */
  earliestDeadlineMs(): number | undefined {
    for (;;) {
      const next = this.#deadlines.peek()
      if (next === undefined) return undefined
      if (this.#leases.get(next.id)?.deadlineMs === next.atMs) return next.atMs
      this.#deadlines.pop() // stale: the lease was renewed or is gone
    }
  }

  /** The lease whose deadline is the earliest of those at or before `nowMs`. */
  firstExpired(nowMs: number): number | undefined {
    const deadlineMs = this.earliestDeadlineMs()
    if (deadlineMs === undefined || deadlineMs > nowMs) return undefined
    return this.#deadlines.peek()?.id
  }
}
