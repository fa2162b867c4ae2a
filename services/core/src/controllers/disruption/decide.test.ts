import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { describe, expect, it } from "vitest"
import { countBudget } from "./decide.ts"

const nowMs = Date.parse("2026-01-31T12:00:00Z")
const pod = (name: string, status = "True"): Pod =>
  ({ metadata: { name }, status: { conditions: [{ type: "Ready", status }] } }) as unknown as Pod
const budget = (spec: object, status?: object): PodDisruptionBudget =>
  ({ metadata: { name: "web", generation: 3 }, spec, status }) as unknown as PodDisruptionBudget
const four = ["a", "b", "c", "d"].map((name) => pod(name))
const count = (spec: object, pods: Pod[], scale: number) => {
  const { disruptionsAllowed, desiredHealthy, expectedPods } = countBudget(budget(spec), pods, scale, nowMs).status
  return [disruptionsAllowed, desiredHealthy, expectedPods]
}

describe("a disruption budget allows", () => {
  it.each<[string, object, Pod[], number, [allowed: number, desired: number, expected: number]]>([
    ["what is more than minAvailable", { minAvailable: 3 }, four, 4, [1, 3, 4]],
    ["percent of what there should be, rounded up", { minAvailable: "60%" }, four, 4, [1, 3, 4]],
    ["maxUnavailable of what there should be", { maxUnavailable: 2 }, four, 4, [2, 2, 4]],
    ["less when pods are missing already", { maxUnavailable: 1 }, four.slice(0, 3), 4, [0, 3, 4]],
    ["nothing while pods are not ready", { minAvailable: 4 }, [...four.slice(1), pod("a", "False")], 4, [0, 4, 4]],
    ["nothing where nothing is expected", { maxUnavailable: 1 }, four, 0, [0, 0, 0]],
  ])("%s", (_title, spec, pods, scale, expected) => {
    expect(count(spec, pods, scale)).toEqual(expected)
  })

  it("no pod twice: one whose eviction was granted counts as gone, until it is or two minutes have passed", () => {
    const since = { a: "2026-01-31T11:59:00Z", b: "2026-01-31T11:57:00Z", gone: "2026-01-31T11:59:59Z" }
    const { status, againInMs } = countBudget(budget({ minAvailable: 2 }, { disruptedPods: since }), four, 4, nowMs)
    expect(status).toMatchObject({ disruptedPods: { a: since.a }, currentHealthy: 3, disruptionsAllowed: 1 })
    expect(Object.keys(status.disruptedPods ?? {})).toEqual(["a"])
    expect(againInMs).toBe(60_000)
  })

  it("and says for which generation, and since when", () => {
    const said = [{ type: "DisruptionAllowed", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }]
    const { status } = countBudget(budget({ minAvailable: 1 }, { conditions: said }), four, 4, nowMs)
    expect(status.observedGeneration).toBe(3)
    expect(status.conditions?.[0]).toMatchObject({
      reason: "SufficientPods",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    })
  })
})
