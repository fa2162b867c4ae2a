import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { ActivatorMessage, Peer } from "@wick/sdk/wire"
import type { AutoscalerAddresses } from "./autoscaler-addresses.ts"
import { AutoscalerAttempt } from "./autoscaler-attempt.ts"

const pauseMsMin = 50
/** The longer it is away, the more rarely it is looked for: each pause has at least this part of the time that has passed. */
const pausePerElapsed = 1 / 20
const pauseMsMax = 3_000
/** After word that another leads: that one may still be about to listen. */
const expectedMs = 2_000

export interface LinkEvents {
  connected(): void
  disconnected(): void
  peers(peers: readonly Peer[]): void
  decided(namespace: string, name: string, thoughtMs: number): void
}

/**
 * The stream to the autoscaler, opened anew for as long as the activator lives. It counts as open with the first
 * message from the other side, so that nothing is told to a port that nobody serves. Where there are several places only the
 * leader's is served: all of them are tried at once, and whoever says something first is it. A place that is frozen or
 * cut off holds up none of the others.
 *
 *     looking ──first message──▶ open ──lost──▶ looking
 *                                open ──moved──▶ open, and looking beside it for two seconds: the first message from
 *                                               elsewhere takes its place
 */
export class AutoscalerLink implements Disposable {
  readonly #addresses: AutoscalerAddresses
  readonly #self: Peer
  readonly #clock: Clock
  readonly #log: Log
  readonly #events: LinkEvents
  #open: AutoscalerAttempt | undefined
  /** By address. */
  readonly #looking = new Map<string, AutoscalerAttempt>()
  #since: number
  /** Until when another place may turn out to be the right one. */
  #expectedUntilMs = Number.NEGATIVE_INFINITY
  #saidSo = false
  #round: Timer | undefined
  #closed = false

  constructor(given: { addresses: AutoscalerAddresses; self: Peer; clock: Clock; log: Log; events: LinkEvents }) {
    this.#self = given.self
    this.#clock = given.clock
    this.#log = given.log
    this.#events = given.events
    this.#addresses = given.addresses
    this.#since = given.clock.monotonic()
    this.#look()
  }

  send(message: ActivatorMessage): void {
    this.#open?.send(message)
  }

  /** Another is said to lead: it is looked for at once, also while the one before still seems to be there. */
  moved(): void {
    if (this.#closed) return
    const now = this.#clock.monotonic()
    this.#expectedUntilMs = now + expectedMs
    this.#since = now
    this.#round?.cancel()
    this.#look()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#round?.cancel()
    this.#endLooking()
    this.#open?.end()
  }

  #look(): void {
    this.#round = undefined
    const all = this.#addresses.list()
    for (const address of all) {
      if (this.#looking.has(address) || this.#open?.address === address) continue
      this.#looking.set(address, this.#attempt(address, all.length > 1))
    }
    this.#lookAgain()
  }

  #lookAgain(): void {
    const now = this.#clock.monotonic()
    if (this.#closed || this.#round || (this.#open && now >= this.#expectedUntilMs)) return
    const pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, (now - this.#since) * pausePerElapsed))
    this.#round = this.#clock.timer(pauseMs, () => this.#look())
  }

  #attempt(address: string, several: boolean): AutoscalerAttempt {
    const attempt: AutoscalerAttempt = new AutoscalerAttempt({
      address,
      several,
      addresses: this.#addresses,
      self: this.#self,
      clock: this.#clock,
      events: {
        heard: (message) => {
          if (this.#open !== attempt) this.#take(attempt)
          if (message.type === "peers") this.#events.peers(message.peers)
          else if (message.type === "decided") this.#events.decided(message.namespace, message.name, message.thoughtMs)
        },
        lost: (why) => this.#lost(attempt, why),
      },
    })
    return attempt
  }

  #take(attempt: AutoscalerAttempt): void {
    const before = this.#open
    this.#looking.delete(attempt.address)
    this.#endLooking()
    this.#round?.cancel()
    this.#round = undefined
    this.#expectedUntilMs = Number.NEGATIVE_INFINITY
    this.#open = attempt
    this.#saidSo = false
    if (before) {
      before.end()
      this.#events.disconnected()
    }
    this.#events.connected()
  }

  #lost(attempt: AutoscalerAttempt, why: string): void {
    if (this.#closed) return
    // One line per trouble: the attempts that follow it say nothing new.
    if (!this.#saidSo && (this.#open === attempt || !this.#open)) {
      this.#saidSo = true
      this.#log.warn("no stream to the autoscaler; trying again", { why })
    }
    if (this.#open !== attempt) {
      if (this.#looking.get(attempt.address) === attempt) this.#looking.delete(attempt.address)
      return
    }
    this.#open = undefined
    this.#since = this.#clock.monotonic()
    this.#events.disconnected()
    this.#lookAgain()
  }

  #endLooking(): void {
    for (const attempt of this.#looking.values()) attempt.end()
    this.#looking.clear()
  }
}
