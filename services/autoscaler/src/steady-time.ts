import type { Clock } from "@wick/sdk/clock"

/**
 * The time as it goes on from now, whatever becomes of the machine's clock. What load there was when is told by it: with a clock
 * that is set back there would be none to be seen for as long.
 */
export function steadyTime(clock: Clock): () => number {
  const aheadMs = clock.now() - clock.monotonic()
  return () => clock.monotonic() + aheadMs
}
