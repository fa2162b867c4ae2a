import type { Probe } from "@wick/sdk/api/core/probe"
import { describe, expect, it } from "vitest"
import { afterProbe, beforeFirstProbe, nextProbeMs } from "./probe-state.ts"

const probe = { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, timeoutSeconds: 1 } as Probe

describe("a probe", () => {
  it("that has never succeeded looks again soon, then ever later, up to its period", () => {
    let state = beforeFirstProbe
    const gaps: number[] = []
    for (let count = 0; count < 30; count += 1) {
      state = afterProbe(state, probe, false, 0)
      gaps.push(nextProbeMs(state, probe, "readiness"))
    }
    expect(gaps[0]).toBe(20)
    expect(gaps[1]).toBe(26)
    expect(gaps.at(-1)).toBe(10_000)
  })

  it("counts hurried failures once per period", () => {
    let state = beforeFirstProbe
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) state = afterProbe(state, probe, false, nowMs)
    expect(state.failures).toBe(1)
    state = afterProbe(state, probe, false, 10_000)
    state = afterProbe(state, probe, false, 20_000)
    expect(state).toMatchObject({ failures: 3, verdict: "failure" })
  })

  it("that succeeded needs as many failures in a row as its threshold says", () => {
    let state = afterProbe(beforeFirstProbe, probe, true, 0)
    expect(nextProbeMs(state, probe, "readiness")).toBe(10_000)
    state = afterProbe(state, probe, false, 10_000)
    state = afterProbe(state, probe, false, 20_000)
    expect(state.verdict).toBe("success")
    expect(afterProbe(state, probe, true, 30_000)).toMatchObject({ failures: 0, verdict: "success" })
    expect(afterProbe(state, probe, false, 30_000).verdict).toBe("failure")
  })

  it("of liveness is never in a hurry", () => {
    expect(nextProbeMs(afterProbe(beforeFirstProbe, probe, false, 0), probe, "liveness")).toBe(10_000)
  })
})
