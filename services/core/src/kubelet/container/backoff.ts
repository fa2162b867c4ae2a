/** Pure: how long a thing that keeps failing is left alone. */
export interface Backoff {
  readonly delayMs: number
  /** When it was last tried. */
  readonly triedAtMs: number
}

export interface BackoffLimits {
  readonly startMs: number
  readonly maxMs: number
}

/** Restarts of containers and pulls of images. */
export const restartLimits: BackoffLimits = { startMs: 10_000, maxMs: 300_000 }

/** What did not fail for this many maximal delays begins anew. */
const forgivenDelays = 2

/** Until when to wait after a failure at `failedAtMs`; `undefined`: no need to. The first retry never waits. */
export function waitUntil(backoff: Backoff | undefined, failedAtMs: number, nowMs: number, limits = restartLimits) {
  if (!backoff || forgiven(backoff, failedAtMs, limits)) return undefined
  const untilMs = failedAtMs + backoff.delayMs
  return untilMs > nowMs ? untilMs : undefined
}

/** The back-off after one more try. */
export function tried(
  backoff: Backoff | undefined,
  failedAtMs: number,
  nowMs: number,
  limits = restartLimits,
): Backoff {
  if (!backoff || forgiven(backoff, failedAtMs, limits)) return { delayMs: limits.startMs, triedAtMs: nowMs }
  return { delayMs: Math.min(backoff.delayMs * 2, limits.maxMs), triedAtMs: nowMs }
}

function forgiven(backoff: Backoff, failedAtMs: number, limits: BackoffLimits): boolean {
  return failedAtMs - backoff.triedAtMs > forgivenDelays * limits.maxMs
}
