import { Lease } from "../api/coordination/lease.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { formatMicroTime } from "../api/meta/time.ts"
import type { Client } from "../client/client.ts"
import type { Clock, Random } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"
import { type LeadershipTerm, RunningTerm } from "./leadership-term.ts"
import { type Claimant, claimed, releasedLease, type Sighting, standing } from "./lease-claim.ts"
import { type Mandate, type MandateState, sameMandate, termOf } from "./mandate.ts"

export interface LeaseDurations {
  /** A leader that was not heard of for this long is taken for dead. */
  readonly leaseSeconds: number
  /** A leader that could not renew for this long gives up, well before others may take over. */
  readonly renewDeadlineMs: number
  /** Between two looks at the lease, and between two renewals. */
  readonly retryMs: number
}

/** Kubernetes' own. */
export const leaseDurations: LeaseDurations = { leaseSeconds: 15, renewDeadlineMs: 10_000, retryMs: 2_000 }

/** With a mandate nobody waits for a lease to run out, so that renewing it seldom costs nothing. */
export const mandatedDurations: LeaseDurations = { leaseSeconds: 45, renewDeadlineMs: 30_000, retryMs: 10_000 }

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
  /** Kubernetes' own, unless given. */
  readonly durations?: LeaseDurations
  /** Only who has this right contends. Absent: everybody may, and has to wait for a lease to run out. */
  readonly mandate?: Mandate | undefined
  /** The lease as somebody follows it already: what he has seen need not be seen again, and news of it come at once. */
  readonly followed?: FollowedLease | undefined
}

export interface FollowedLease {
  /** By the same clock. */
  seen(): Sighting | undefined
  /** Calls back when it has changed; returns its undoing. */
  onChange(listener: () => void): () => void
}

/** Contenders look at slightly different moments. */
const jitterMs = 500
/** After an attempt that came to nothing although we have the mandate: the next one must not be late. */
const mandatedRetryMs = 100

/**
 * Runs `lead` while we hold the lease, one at a time over all contenders. Its term ends when the lease is lost; `lead`
 * must then return soon. Disposing stops leading, waits for `lead` and hands the lease back.
 *
 * How client-go does it, so that either may take the other's place: a contender never compares its clock with the
 * holder's, but waits for the lease's duration from when it first saw it unchanged; the holder counts its deadline from
 * before it sent the renewal, and stops when that is over, also while a renewal is still under way.
 */
export function electLeader(
  options: LeaderElectionOptions,
  lead: (term: LeadershipTerm) => Promise<void>,
): AsyncDisposable {
  return new Candidate(options, lead)
}

class Candidate implements AsyncDisposable {
  readonly #options: LeaderElectionOptions
  readonly #durations: LeaseDurations
  readonly #lead: (term: LeadershipTerm) => Promise<void>
  readonly #log: Log
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #seen: Sighting | undefined
  /** Whether our last write of the lease was carried out: perhaps, until it is answered or the lease is looked at again. */
  #claimed: "known" | "perhaps" = "known"
  /** Attempts in a row that came to nothing. */
  #failures = 0

  constructor(options: LeaderElectionOptions, lead: (term: LeadershipTerm) => Promise<void>) {
    this.#options = options
    this.#durations = options.durations ?? leaseDurations
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
      const mandate = await this.#mandate()
      if (signal.aborted) return
      const startedMs = this.#options.clock.monotonic()
      const mayLead = mandate?.kind === "alone" || (await this.#tryAcquire(mandate, signal))
      const ended = mayLead ? await this.#hold(mandate, startedMs) : "lost"
      if (signal.aborted && this.#claimed === "perhaps") return this.#release()
      this.#failures = mayLead && ended === "lost" ? 0 : this.#failures + 1
      await (mandate === undefined ? this.#untilNews(signal) : this.#pause(this.#backoffMs(), signal))
    }
  }

  /** Until it is time to look again, or the lease has changed. */
  async #untilNews(signal: AbortSignal): Promise<void> {
    const { followed } = this.#options
    if (!followed) return this.#pause(this.#retryMs(), signal)
    const news = new AbortController()
    const undo = followed.onChange(() => news.abort())
    await this.#pause(this.#retryMs(), AbortSignal.any([signal, news.signal]))
    undo()
  }

  #backoffMs(): number {
    return Math.min(this.#retryMs(), mandatedRetryMs * 2 ** Math.min(this.#failures, 16))
  }

  /** Waits until we may contend. Without a mandate to be had, always. */
  async #mandate(): Promise<MandateState | undefined> {
    const { mandate } = this.#options
    if (mandate === undefined) return undefined
    const { signal } = this.#stop
    while (mandate.state.kind === "none" && !signal.aborted) await changed(mandate, signal)
    return mandate.state
  }

  async #hold(mandate: MandateState | undefined, startedMs: number): Promise<"lost" | "failed"> {
    const { clock } = this.#options
    this.#log.info("leading")
    const term = new RunningTerm(clock)
    const stop = (): void => term.end()
    this.#stop.signal.addEventListener("abort", stop, { once: true })
    if (mandate?.kind !== "alone") term.prolong(startedMs + this.#durations.renewDeadlineMs)
    let ended: "lost" | "failed" = "lost"
    const work = this.#lead(term)
      .catch((error: unknown) => this.#log.error("the leader's work ended with an error", { error }))
      .finally(() => {
        if (!term.signal.aborted) ended = "failed"
        term.end()
      })
    const last = await this.#keep(term, mandate)
    term.end()
    await work
    this.#stop.signal.removeEventListener("abort", stop)
    if (this.#stop.signal.aborted && last?.kind !== "alone") await this.#release()
    this.#log.info("not leading any more")
    return ended
  }

  /** Returns when we may no longer lead: stopped, out-voted, or not heard by the server for too long. */
  async #keep(term: RunningTerm, first: MandateState | undefined): Promise<MandateState | undefined> {
    const { clock, mandate } = this.#options
    let held = first
    while (!term.signal.aborted) {
      if (mandate === undefined || (held && sameMandate(mandate.state, held))) await this.#untilDue(held, term.signal)
      if (term.signal.aborted) return held
      const now = mandate?.state
      if (now?.kind === "none") return held
      // A newer term is another right: what others did between the two is not known here.
      if (now?.kind === "ours" && held?.kind === "ours" && now.term !== held.term) return held
      const startedMs = clock.monotonic()
      if (now?.kind === "alone") {
        term.prolong(undefined)
        held = now
        continue
      }
      if (held?.kind === "alone") term.prolong(startedMs + this.#durations.renewDeadlineMs)
      if (await this.#tryAcquire(now, term.signal)) {
        term.prolong(startedMs + this.#durations.renewDeadlineMs)
        held = now
      } else if (this.#standing(now) === "taken") return held
      else if (mandate) await this.#pause(mandatedRetryMs, term.signal)
    }
    return held
  }

  /** Takes or renews the lease, if it is free, expired or ours. */
  async #tryAcquire(mandate: MandateState | undefined, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#observe(signal)
      if (this.#standing(mandate) === "taken") return false
      await this.#write(mandate, signal)
      return true
    } catch (error) {
      if (signal.aborted || isStatus(error, "Conflict", "AlreadyExists")) return false
      this.#log.warn("cannot reach the lease", { error })
      return false
    }
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { client, clock, name, namespace } = this.#options
    try {
      const lease = await unlessAborted(client.get(Lease, { name, namespace }, { signal }), signal)
      this.#claimed = "known"
      const { resourceVersion } = lease.metadata
      if (this.#seen?.lease.metadata.resourceVersion === resourceVersion) return
      const before = this.#options.followed?.seen()
      const sinceMs = before?.lease.metadata.resourceVersion === resourceVersion ? before.sinceMs : clock.monotonic()
      this.#seen = { lease, sinceMs }
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
      this.#seen = undefined
    }
  }

  #claimant(mandate: MandateState | undefined): Claimant {
    return { identity: this.#options.identity, term: mandate && termOf(mandate) }
  }

  #standing(mandate: MandateState | undefined): ReturnType<typeof standing> {
    return standing(this.#seen, this.#claimant(mandate), this.#options.clock.monotonic())
  }

  async #write(mandate: MandateState | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock, name, namespace } = this.#options
    const wanted = { name, namespace, seconds: this.#durations.leaseSeconds }
    const object = claimed(this.#seen, this.#claimant(mandate), wanted, formatMicroTime(clock.now()))
    const write = this.#seen ? client.update(Lease, object, { signal }) : client.create(Lease, object, { signal })
    this.#claimed = "perhaps"
    this.#seen = { lease: await unlessAborted(write, signal), sinceMs: clock.monotonic() }
    this.#claimed = "known"
  }

  /**
   * Hands the lease back, so that the next one need not wait for it to expire. It is looked at again where a claim or a
   * renewal that was under way when we were stopped may have been carried out.
   */
  async #release(): Promise<void> {
    const { client, clock, identity } = this.#options
    const signal = AbortSignal.timeout(releaseTimeoutMs)
    try {
      if (this.#claimed === "perhaps") await this.#observe(signal)
      if (!this.#seen || this.#seen.lease.spec?.holderIdentity !== identity) return
      const released = releasedLease(this.#seen, formatMicroTime(clock.now()))
      await unlessAborted(client.update(Lease, released, { signal }), signal)
    } catch (error) {
      this.#log.debug("could not hand the lease back", { error })
    }
  }

  #retryMs(): number {
    return this.#durations.retryMs + this.#options.random.below(jitterMs)
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(ms, signal).catch(() => {})
  }

  /** Until it is time to renew, or the mandate has changed. One that is alone has nothing to renew. */
  async #untilDue(held: MandateState | undefined, signal: AbortSignal): Promise<void> {
    const { mandate } = this.#options
    if (!mandate) return this.#pause(this.#retryMs(), signal)
    if (held?.kind === "alone") return changed(mandate, signal)
    const either = new AbortController()
    const both = AbortSignal.any([signal, either.signal])
    await Promise.race([this.#pause(this.#retryMs(), both), changed(mandate, both)])
    either.abort()
  }
}

/** The lease of one that goes runs out by itself, so that its going need not wait for a server that does not answer. */
const releaseTimeoutMs = 2_000

/** Resolves at the next change of the mandate, or when the signal aborts. */
function changed(mandate: Mandate, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const finish = (): void => {
      undo()
      signal.removeEventListener("abort", finish)
      resolve()
    }
    const undo = mandate.onChange(finish)
    signal.addEventListener("abort", finish, { once: true })
  })
}

/** Whatever a transport makes of the signal: who is waited for must not keep us from stopping. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener("abort", abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
  })
}
