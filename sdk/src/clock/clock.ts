/**
 * Time and chance are arguments. A `Clock` and a `Random` are made once, in a `main.ts`, and handed down; rules take
 * `now` as a number. Milliseconds everywhere.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. */
  now(): number
  /** Monotonic time in milliseconds with a fraction; only differences mean anything. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `callback` once after `ms`. A pending timer does not keep the process alive. */
  timer(ms: number, callback: () => void): Timer
}

export interface Timer {
  cancel(): void
}

export interface Random {
  /** A whole number in [0, bound). */
  below(bound: number): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort)
        resolve()
      }, ms)
      const abort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener("abort", abort, { once: true })
    }),
  timer: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

export const systemRandom: Random = { below: (bound) => Math.floor(Math.random() * bound) }
