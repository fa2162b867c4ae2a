import { Lease } from "../api/coordination/lease.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { formatMicroTime } from "../api/meta/time.ts"
import type { Client } from "../client/client.ts"
import type { Clock, Random } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"

export interface LeaderElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespace: string
  /** Name of the Lease that is contended for. */
  readonly name: string
  /**
   * Who we are. Two that contend must differ; one that comes back after a crash under its old identity takes its own
   * lease again at once.
   */
  readonly identity: string
}

/** A leader that was not heard of for this long is taken for dead. */
const leaseSeconds = 15
/** A leader that could not renew for this long gives up, well before others may take over. */
const renewDeadlineMs = 10_000
const retryMs = 2_000
/** Contenders look at slightly different moments. */
const jitterMs = 500

/**
 * Runs `lead` while we hold the lease, one at a time over all contenders. Its signal aborts when the lease is lost; it
 * must then return soon. Disposing stops leading, waits for `lead` and hands the lease back.
 */
export function electLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): AsyncDisposable {
  return new Candidate(options, lead)
}

class Candidate implements AsyncDisposable {
  readonly #options: LeaderElectionOptions
  readonly #lead: (signal: AbortSignal) => Promise<void>
  readonly #log: Log
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  /** The lease as last seen, and when we first saw it so: our clock and the holder's are never compared. */
  #seen: { lease: Lease; sinceMs: number } | undefined

  constructor(options: LeaderElectionOptions, lead: (signal: AbortSignal) => Promise<void>) {
    this.#options = options
    this.#lead = lead
    this.#log = options.log.with({ lease: options.name, identity: options.identity })
    this.#running = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      if (await this.#tryAcquire()) await this.#hold()
      else await this.#pause()
    }
  }

  async #hold(): Promise<void> {
    this.#log.info("leading")
    const term = new AbortController()
    const work = this.#lead(term.signal)
      .catch((error: unknown) => this.#log.error("the leader's work ended with an error", { error }))
      .finally(() => term.abort())
    await this.#renewUntilLost(term.signal)
    term.abort()
    await work
    if (this.#stop.signal.aborted) await this.#release()
    this.#log.info("not leading any more")
  }

  /** Returns when we may no longer lead: stopped, out-voted, or not heard by the server for too long. */
  async #renewUntilLost(term: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let renewedMs = clock.monotonic()
    while (!this.#stop.signal.aborted && !term.aborted) {
      await this.#pause()
      if (this.#stop.signal.aborted || term.aborted) return
      if (await this.#tryAcquire()) renewedMs = clock.monotonic()
      else if (this.#holder() !== this.#options.identity) return
      else if (clock.monotonic() - renewedMs > renewDeadlineMs) return
    }
  }

  /** Takes or renews the lease, if it is free, expired or ours. */
  async #tryAcquire(): Promise<boolean> {
    try {
      await this.#observe()
      if (this.#seen && this.#holder() !== this.#options.identity && !this.#isFree()) return false
      await this.#write()
      return true
    } catch (error) {
      if (isStatus(error, "Conflict", "AlreadyExists")) return false
      this.#log.warn("cannot reach the lease", { error })
      return false
    }
  }

  async #observe(): Promise<void> {
    const { client, clock, name, namespace } = this.#options
    try {
      const lease = await client.get(Lease, { name, namespace })
      const { resourceVersion } = lease.metadata
      if (this.#seen?.lease.metadata.resourceVersion === resourceVersion) return
      this.#seen = { lease, sinceMs: clock.monotonic() }
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
      this.#seen = undefined
    }
  }

  #holder(): string {
    return this.#seen?.lease.spec?.holderIdentity ?? ""
  }

  #isFree(): boolean {
    if (!this.#seen || this.#holder() === "") return true
    const heldMs = (this.#seen.lease.spec?.leaseDurationSeconds ?? leaseSeconds) * 1000
    return this.#options.clock.monotonic() - this.#seen.sinceMs >= heldMs
  }

  async #write(): Promise<void> {
    const { client, clock, name, namespace, identity } = this.#options
    const now = formatMicroTime(clock.now())
    const before = this.#seen?.lease
    const same = this.#holder() === identity
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: (same ? before?.spec?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (before && !same ? 1 : 0),
    }
    const lease = before
      ? await client.update(Lease, { ...before, spec })
      : await client.create(Lease, { metadata: { name, namespace }, spec })
    this.#seen = { lease, sinceMs: clock.monotonic() }
  }

  /** Hands the lease back, so that the next one need not wait for it to expire. */
  async #release(): Promise<void> {
    const { client, identity } = this.#options
    const lease = this.#seen?.lease
    if (!lease || this.#holder() !== identity) return
    const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 }
    await client.update(Lease, { ...lease, spec }).catch((error: unknown) => {
      this.#log.debug("could not hand the lease back", { error })
    })
  }

  async #pause(): Promise<void> {
    const { clock, random } = this.#options
    await clock.sleep(retryMs + random.below(jitterMs), this.#stop.signal).catch(() => {})
  }
}
