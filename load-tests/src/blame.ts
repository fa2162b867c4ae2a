import type { Failure } from "./open-loop.ts"

export interface Kill {
  readonly victim: string
  readonly atMs: number
}

/** How a client sees its connection end with the process at its other side. */
const broken = new Set(["ECONNRESET", "EPIPE", "the answer was cut off"])
/** The kernel tells clients of a killed process within this, on a busy machine too; until then it takes connections for it. */
const toldMsMax = 500
/** An activator that is told to end serves on for so long, and closes the connections that idle then. */
const lingerMs = 1_000

/**
 * Pure: why a request failed, or undefined when nothing that was done explains it. A killed activator takes the
 * requests with it that are in it at that moment. One that is told to end answers all that reach it; on a kept connection a
 * request and the connection's end can pass each other (RFC 9112, section 9.5). Nobody's death explains an answer that says
 * no, or a connection that is refused.
 */
export function explain(failure: Failure, kills: readonly Kill[]): string | undefined {
  const kill = killerOf(failure, kills)
  if (kill === undefined) return closedBy(failure, kills)
  const sinceMs = failure.sentMs - kill.atMs
  if (sinceMs <= 0) return `it was in ${kill.victim} when that was killed`
  return `it was sent to ${kill.victim} on a kept connection ${sinceMs.toFixed(1)} ms after its death, of which the kernel told ${(failure.endedMs - kill.atMs).toFixed(1)} ms after it`
}

/** Pure: whether a request that died with a process was sent before it was killed. */
export function wasInside(failure: Failure, kills: readonly Kill[]): boolean {
  const kill = killerOf(failure, kills)
  return kill !== undefined && failure.sentMs <= kill.atMs
}

function killerOf({ sentMs, endedMs, why }: Failure, kills: readonly Kill[]): Kill | undefined {
  if (!broken.has(why)) return undefined
  return kills.find(({ victim, atMs }) => {
    return (
      /^activator-\d+ by SIGKILL$/.test(victim) &&
      sentMs <= atMs + toldMsMax &&
      endedMs >= atMs &&
      endedMs <= atMs + toldMsMax
    )
  })
}

function closedBy({ endedMs, isKept, why }: Failure, kills: readonly Kill[]): string | undefined {
  const ender = kills.find(({ victim, atMs }) => {
    const sinceMs = endedMs - atMs - lingerMs
    return /^activator-\d+ by SIGTERM$/.test(victim) && sinceMs >= 0 && sinceMs <= toldMsMax
  })
  if (ender === undefined || !isKept || !broken.has(why)) return undefined
  return `it passed the end of a kept connection that had idled, ${(endedMs - ender.atMs).toFixed(1)} ms after ${ender.victim}`
}
