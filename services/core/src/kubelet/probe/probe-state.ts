import type { Probe } from "@wick/sdk/api/core/probe"

/**
 * Pure: what the results of one probe add up to, and when to look again.
 *
 * Until its first success a readiness or startup probe looks at once, and then in steps that grow from a few tens of
 * milliseconds to the period, so that a quick container is found ready quickly. Such looks in between count as
 * failures only once per period: a threshold of 30 failures every 10 seconds still means five minutes.
 */
export interface ProbeState {
  readonly verdict: "unknown" | "success" | "failure"
  readonly successes: number
  readonly failures: number
  readonly everSucceeded: boolean
  /** When a failure was last counted. */
  readonly countedAtMs: number
  readonly gapMs: number
}

export type ProbeKind = "readiness" | "liveness" | "startup"

export const beforeFirstProbe: ProbeState = {
  verdict: "unknown",
  successes: 0,
  failures: 0,
  everSucceeded: false,
  countedAtMs: Number.NEGATIVE_INFINITY,
  gapMs: 0,
}

const eagerGapMsMin = 20
const eagerGrowth = 1.3

export function afterProbe(state: ProbeState, probe: Probe, ok: boolean, nowMs: number): ProbeState {
  if (ok) {
    const successes = state.successes + 1
    const enough = successes >= probe.successThreshold
    return {
      ...state,
      successes,
      failures: 0,
      everSucceeded: state.everSucceeded || enough,
      verdict: enough ? "success" : state.verdict,
      gapMs: probe.periodSeconds * 1_000,
    }
  }
  const periodMs = probe.periodSeconds * 1_000
  const counts = nowMs - state.countedAtMs >= periodMs
  const failures = counts ? state.failures + 1 : state.failures
  const gapMs = state.everSucceeded ? periodMs : Math.min(periodMs, Math.max(eagerGapMsMin, state.gapMs * eagerGrowth))
  return {
    ...state,
    successes: 0,
    failures,
    countedAtMs: counts ? nowMs : state.countedAtMs,
    verdict: failures >= probe.failureThreshold ? "failure" : state.verdict,
    gapMs,
  }
}

/** Milliseconds until the next look; liveness has no hurry, it only ever takes away. */
export function nextProbeMs(state: ProbeState, probe: Probe, kind: ProbeKind): number {
  return kind === "liveness" ? probe.periodSeconds * 1_000 : state.gapMs
}
