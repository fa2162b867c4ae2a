import type { Clock, Timer } from "@wick/sdk/clock"
import type { Timeline } from "./timeline.ts"

/** What a host's clock is like. Its wall clock is wrong by `offsetMs`; both of its clocks run `rate` times too fast. */
export interface ClockFault {
  readonly offsetMs: number
  readonly rate: number
}

interface HostEvents {
  /** Something goes on here. */
  readonly onActive: () => void
  /** Nobody has caught it: the process ends. */
  readonly onError: (error: Error) => void
}

const wallStartMs = Date.UTC(2026, 0, 1)

/**
 * A machine on which a member runs. A crash ends all that was going on there. Frozen, nothing goes on, but all that was to
 * happen does as soon as it thaws.
 */
export class Host {
  readonly id: number
  readonly clock: Clock
  readonly #timeline: Timeline
  readonly #events: HostEvents
  #life = 0
  #isUp = false
  #held: (() => void)[] | undefined

  constructor(id: number, timeline: Timeline, fault: ClockFault, events: HostEvents) {
    this.id = id
    this.#timeline = timeline
    this.#events = events
    this.clock = {
      now: () => wallStartMs + fault.offsetMs + timeline.now * fault.rate,
      monotonic: () => timeline.now * fault.rate + id * 1_000_000,
      timer: (ms, callback): Timer => ({ cancel: this.later(ms / fault.rate, callback) }),
      sleep: (ms, signal) => this.#sleep(ms / fault.rate, signal),
    }
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Another after each crash: what was begun in one is nothing to the next. */
  get life(): number {
    return this.#life
  }

  get isFrozen(): boolean {
    return this.#held !== undefined
  }

  start(): void {
    this.#life++
    this.#isUp = true
  }

  crash(): void {
    this.#life++
    this.#isUp = false
    this.#held = undefined
  }

  freeze(): void {
    if (this.#isUp) this.#held ??= []
  }

  thaw(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const run of held) this.later(0, run)
  }

  /** In this life of the host: not if it has crashed by then. Returns what calls it off. */
  later(ms: number, run: () => void): () => void {
    const life = this.#life
    let isCancelled = false
    const attempt = (): void => {
      if (life !== this.#life || isCancelled) return
      if (this.#held !== undefined) {
        this.#held.push(attempt)
        return
      }
      this.#events.onActive()
      try {
        run()
      } catch (error) {
        this.#events.onError(error as Error)
      }
    }
    this.#timeline.after(ms, attempt)
    return () => {
      isCancelled = true
    }
  }

  /** Resolves after `ms` in this life; never, if it has crashed by then. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.later(ms, resolve))
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const cancel = this.later(ms, resolve)
      signal?.addEventListener("abort", () => {
        cancel()
        reject(signal.reason)
      })
    })
  }
}
