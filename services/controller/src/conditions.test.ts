import { describe, expect, it } from "vitest"
import { currentCondition, isFalse, isTrue, isUnknown, nextConditions } from "./conditions.ts"

const nowMs = Date.UTC(2026, 0, 1)
const now = "2026-01-01T00:00:00Z"

describe("conditions", () => {
  it("are Ready when every dependent is", () => {
    const conditions = nextConditions({ before: [], dependents: { B: isTrue, A: isTrue }, nowMs })
    expect(conditions.map(({ type, status }) => `${type} ${status}`)).toEqual(["A True", "B True", "Ready True"])
  })

  it("carry the reason of the first that failed, before those that are not known yet", () => {
    const dependents = { A: isUnknown("Waiting", "w"), B: isFalse("Broken", "b"), C: isFalse("Later", "c") }
    const ready = nextConditions({ before: [], dependents, nowMs }).find(({ type }) => type === "Ready")
    expect(ready).toMatchObject({ status: "False", reason: "Broken", message: "b" })
  })

  it("keep the time of their last change", () => {
    const before = nextConditions({ before: [], dependents: { A: isTrue }, nowMs })
    const after = nextConditions({ before, dependents: { A: isTrue }, nowMs: nowMs + 60_000 })
    expect(after).toEqual(before)
    const changed = nextConditions({ before, dependents: { A: isFalse("R", "m") }, nowMs: nowMs + 60_000 })
    expect(changed.find(({ type }) => type === "A")?.lastTransitionTime).toBe("2026-01-01T00:01:00Z")
  })

  it("that are notes decide nothing", () => {
    const notes = { Active: isFalse("NoTraffic", "n") }
    const conditions = nextConditions({ before: [], dependents: { A: isTrue }, notes, nowMs })
    expect(conditions.find(({ type }) => type === "Ready")?.status).toBe("True")
    expect(conditions.find(({ type }) => type === "Active")).toMatchObject({
      severity: "Info",
      lastTransitionTime: now,
    })
  })

  it("of an older generation say nothing of the present one", () => {
    const status = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" as const }] }
    expect(currentCondition({ metadata: { generation: 2 }, status }, "Ready")).toBeUndefined()
  })
})
