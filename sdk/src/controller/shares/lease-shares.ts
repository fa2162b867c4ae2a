import { Lease } from "../../api/coordination/lease.ts"
import { isStatus } from "../../api/meta/status-error.ts"
import type { Client } from "../../client/client.ts"
import type { Clock, Random, Timer } from "../../clock/index.ts"
import type { Log } from "../../telemetry/log.ts"
import type { Informer } from "../informer.ts"
import { electLeader, type FollowedLease, type LeaseDurations } from "../leader-election.ts"
import { type LeadershipTerm, overOf } from "../leadership-term.ts"
import type { Sighting } from "../lease-claim.ts"
import { bucketNames, chosenFor } from "./bucket.ts"
import type { Shares } from "./shares.ts"

export interface LeaseSharesOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespace: string
  /** What all who share are, `autoscaler`: the beginning of their Leases' names. */
  readonly component: string
  /** Unique among them; one that is started again may have it again. */
  readonly identity: string
  /** All Leases of the namespace. */
  readonly leases: Informer<typeof Lease>
  /** Parts that keys are divided into. */
  readonly buckets: number
  readonly durations: LeaseDurations
}

/**
 * Keys are divided into buckets, each with a Lease, which says who writes for it. Each of those who share also keeps a Lease
 * that says that it lives. A bucket is contended for by the one of the living to whom it falls, and given back when it falls
 * to another: whoever dies leaves his own buckets to the others and nothing else moves, and whoever comes gets a share.
 *
 *     not ours ──falls to us──▶ contending ──lease won──▶ ours ──lease lost──▶ contending
 *         ▲───────────────────falls to another, the lease is handed back─────────────┘
 */
export class LeaseShares implements Shares, AsyncDisposable {
  readonly #options: LeaseSharesOptions
  readonly #names: readonly string[]
  /** Of the Leases that say who lives. */
  readonly #memberPrefix: string
  readonly #seen = new Map<string, Sighting>()
  /** Buckets that are contended for, or held. */
  readonly #candidates = new Map<string, AsyncDisposable>()
  /** Buckets that are handed back; each can be contended for again afterwards. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #terms = new Map<string, LeadershipTerm>()
  /** Each key's bucket: the same for as long as there are as many. */
  readonly #bucketOf = new Map<string, string>()
  readonly #listeners = new Set<() => void>()
  readonly #leaseListeners = new Map<string, Set<() => void>>()
  readonly #undo: () => void
  readonly #presence: AsyncDisposable
  #expiry: Timer | undefined
  #over = false

  constructor(options: LeaseSharesOptions) {
    this.#options = options
    this.#names = bucketNames(options.component, options.buckets)
    this.#memberPrefix = `${options.component}-member-`
    this.#presence = this.#elect(this.#memberPrefix + options.identity, (term) => overOf(term))
    this.#undo = options.leases.onChange(({ before, after }) => this.#noticed(before, after))
    void options.leases.synced.then(() => this.#settle())
  }

  owns(key: string): boolean {
    let bucket = this.#bucketOf.get(key)
    if (bucket === undefined) {
      bucket = chosenFor(key, this.#names) ?? ""
      this.#bucketOf.set(key, bucket)
    }
    return this.#terms.get(bucket)?.isValid() ?? false
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Hands back what it holds, so that nobody waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    this.#undo()
    this.#expiry?.cancel()
    await Promise.all([...this.#candidates.values()].map((candidate) => candidate[Symbol.asyncDispose]()))
    await Promise.all(this.#leaving.values())
    await this.#presence[Symbol.asyncDispose]()
  }

  #elect(name: string, lead: (term: LeadershipTerm) => Promise<void>): AsyncDisposable {
    const { client, clock, random, log, namespace, identity, durations } = this.#options
    const followed = this.#follow(name)
    return electLeader({ client, clock, random, log, namespace, identity, name, durations, followed }, lead)
  }

  #follow(name: string): FollowedLease {
    return {
      seen: () => this.#seen.get(name),
      onChange: (listener) => {
        const listeners = this.#leaseListeners.get(name) ?? new Set()
        this.#leaseListeners.set(name, listeners.add(listener))
        return () => listeners.delete(listener)
      },
    }
  }

  #noticed(before: Lease | undefined, after: Lease | undefined): void {
    const name = (after ?? before)?.metadata.name ?? ""
    if (after) this.#seen.set(name, { lease: after, sinceMs: this.#options.clock.monotonic() })
    else this.#seen.delete(name)
    for (const listener of this.#leaseListeners.get(name) ?? []) listener()
    if (name.startsWith(this.#memberPrefix)) this.#settle()
  }

  /** Looks at who lives, and contends for what falls to this one. */
  #settle(): void {
    if (this.#over) return
    const alive = this.#alive()
    for (const bucket of this.#names) {
      const isOurs = chosenFor(bucket, alive) === this.#options.identity
      if (isOurs && !this.#candidates.has(bucket) && !this.#leaving.has(bucket)) this.#contend(bucket)
      if (!isOurs && this.#candidates.has(bucket)) this.#handBack(bucket)
    }
  }

  #contend(bucket: string): void {
    const candidate = this.#elect(bucket, async (term) => {
      this.#terms.set(bucket, term)
      this.#tell()
      await overOf(term)
      this.#terms.delete(bucket)
      this.#tell()
    })
    this.#candidates.set(bucket, candidate)
  }

  #handBack(bucket: string): void {
    const candidate = this.#candidates.get(bucket)
    this.#candidates.delete(bucket)
    const left = Promise.resolve(candidate?.[Symbol.asyncDispose]()).finally(() => {
      this.#leaving.delete(bucket)
      this.#settle()
    })
    this.#leaving.set(bucket, left)
  }

  /** Ourselves, and those whose lease is renewed; wakes when the next of these would have run out. */
  #alive(): string[] {
    const { clock, identity } = this.#options
    const now = clock.monotonic()
    const alive = [identity]
    let nextMs = Number.POSITIVE_INFINITY
    for (const [name, { lease, sinceMs }] of this.#seen) {
      const holder = lease.spec?.holderIdentity
      if (!name.startsWith(this.#memberPrefix) || !holder || holder === identity) continue
      const leftMs = sinceMs + (lease.spec?.leaseDurationSeconds ?? 0) * 1_000 - now
      if (leftMs > 0) {
        alive.push(holder)
        nextMs = Math.min(nextMs, leftMs)
      } else void this.#bury(name)
    }
    this.#expiry?.cancel()
    this.#expiry = Number.isFinite(nextMs) ? clock.timer(nextMs, () => this.#settle()) : undefined
    return alive
  }

  /** What says that one lives who has been dead for as long as anybody waits. */
  async #bury(name: string): Promise<void> {
    const { client, namespace, log } = this.#options
    await client.delete(Lease, { name, namespace }).catch((error: unknown) => {
      if (!isStatus(error, "NotFound")) log.debug("a dead one's lease stays", { lease: name, error })
    })
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
