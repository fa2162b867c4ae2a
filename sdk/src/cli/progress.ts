import type { Context } from "./context.ts"
import { formatElapsed } from "./duration.ts"

/**
 * Tells of the phases of a wait on stderr, each once and with the time since the one before: a line each, the same on a
 * terminal and off it, so that a log of it reads well.
 */
export interface Progress {
  /** Says `phase` has been reached; the same phase twice in a row is said once. */
  reached(phase: string): void
}

export function createProgress(context: Context): Progress {
  let last = context.clock.monotonic()
  const said = new Set<string>()
  return {
    reached(phase) {
      if (said.has(phase)) return
      said.add(phase)
      const now = context.clock.monotonic()
      context.err(`  ${formatElapsed(now - last).padStart(7)}  ${phase}\n`)
      last = now
    },
  }
}
