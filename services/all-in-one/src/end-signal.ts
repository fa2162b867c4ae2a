import type { EventEmitter } from "node:events"
import type { Clock } from "@wick/sdk/clock"

/**
 * A terminal tells all of its processes at once, and whoever has started this one hands the signal on as well: what comes
 * within this time is one wish, told twice.
 */
const togetherMs = 1_000

/** Resolves at the first signal that asks for an end; a later one is from somebody in a hurry. */
export function endSignal(process: EventEmitter, clock: Clock, hurry: () => void): Promise<void> {
  return new Promise((resolve) => {
    let askedMs: number | undefined
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.on(signal, () => {
        if (askedMs === undefined) {
          askedMs = clock.monotonic()
          resolve()
        } else if (clock.monotonic() - askedMs >= togetherMs) hurry()
      })
    }
  })
}
