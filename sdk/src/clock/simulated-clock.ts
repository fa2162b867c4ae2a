import type { Clock, Timer } from "./clock.ts"

interface Alarm {
  readonly at: number
  readonly order: number
  readonly ring: () => void
}

/**
 * A clock that moves only when it is told to. Alarms ring in order of their time, then of their creation, and
 * `advance` lets promise callbacks run between two alarms, so a test tells a story in minutes that takes none.
 */
export class SimulatedClock implements Clock {
  #now: number
  #order = 0
  readonly #alarms = new Set<Alarm>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = this.timer(ms, resolve)
      signal?.addEventListener("abort", () => {
        timer.cancel()
        reject(signal.reason)
      })
    })
  }

  timer(ms: number, callback: () => void): Timer {
    const alarm: Alarm = { at: this.#now + Math.max(0, ms), order: this.#order++, ring: callback }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  /** Moves time forward by `ms`, ringing every alarm on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#alarms.delete(next)
      this.#now = next.at
      next.ring()
      await settle()
    }
    this.#now = end
  }

  #next(end: number): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms) {
      if (alarm.at > end) continue
      if (!first || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm
    }
    return first
  }
}

/** Lets every promise callback that is runnable now, and those that they make runnable, run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
