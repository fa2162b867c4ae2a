import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { decide, type Mode, type Observation } from "./decide.ts"
import { type ScalingSpec, scalingSpec } from "./settings.ts"

const now = 1_000_000
const base = scalingSpec({ metadata: {}, spec: {} }, readConfig({}).autoscaler)
const spec = (more: Partial<ScalingSpec> = {}): ScalingSpec => ({ ...base, targetPerPod: 10, totalPerPod: 10, ...more })
const seen = (more: Partial<Observation>): Observation => ({
  stable: 0,
  panic: 0,
  surge: 0,
  waiting: 0,
  readyPods: 1,
  ...more,
})
const steady = (load: number, readyPods: number): Observation =>
  seen({ stable: load, panic: load, surge: load, readyPods })
const stable: Mode = { kind: "stable" }
const panic = (replicasMax: number, ageMs = 0): Mode => ({ kind: "panic", sinceMs: now - ageMs, replicasMax })

interface Row {
  name: string
  mode?: Mode
  seen: Observation
  spec?: Partial<ScalingSpec>
  replicas: number
  next?: Mode["kind"]
}

describe("deciding how many pods", () => {
  it.each<Row>([
    { name: "wants as many as the load fills", seen: steady(45, 4), replicas: 5 },
    { name: "wants none when a whole window was empty", seen: steady(0, 1), replicas: 0 },
    { name: "wants one for the least load", seen: steady(0.001, 1), replicas: 1 },
    {
      name: "wants one for a request that waits, though no average has seen it",
      seen: seen({ waiting: 1, readyPods: 0 }),
      replicas: 1,
    },
    { name: "grows no faster than max-scale-up-rate", seen: steady(900, 2), spec: { maxScaleUpRate: 3 }, replicas: 6 },
    { name: "shrinks no faster than max-scale-down-rate", seen: steady(10, 9), replicas: 4 },
    { name: "lets an unreachable revision fall at once", seen: steady(0, 9), spec: { reachable: false }, replicas: 0 },
    {
      name: "starts with activation-scale pods",
      seen: seen({ waiting: 1, readyPods: 0 }),
      spec: { activationScale: 3 },
      replicas: 3,
    },
    {
      name: "does not hold idle pods at activation-scale",
      seen: steady(0, 1),
      spec: { activationScale: 3 },
      replicas: 0,
    },
    {
      name: "panics when the short average wants twice the pods",
      seen: seen({ stable: 10, panic: 25, readyPods: 1 }),
      replicas: 3,
      next: "panic",
    },
    {
      name: "stays calm below the threshold",
      seen: seen({ stable: 30, panic: 45, readyPods: 3 }),
      replicas: 3,
      next: "stable",
    },
    {
      name: "believes half a second of a jump before the short average has seen it",
      seen: seen({ stable: 1, panic: 4, surge: 80 }),
      replicas: 8,
      next: "panic",
    },
    {
      name: "lets a jump below the threshold wait for the averages",
      seen: seen({ stable: 1, panic: 4, surge: 15 }),
      replicas: 1,
      next: "stable",
    },
    { name: "never scales down while panicking", mode: panic(10), seen: steady(5, 10), replicas: 10, next: "panic" },
    {
      name: "takes no further pod for what half a second is measured off",
      mode: panic(10),
      seen: seen({ stable: 60, panic: 80, surge: 100.8, readyPods: 4 }),
      replicas: 10,
    },
    { name: "grows further while panicking", mode: panic(3), seen: steady(80, 3), replicas: 8, next: "panic" },
    {
      name: "keeps its pods until a stable window after the last surge",
      mode: panic(10, 60_000),
      seen: steady(5, 10),
      replicas: 10,
      next: "panic",
    },
    { name: "calms down after it", mode: panic(10, 60_001), seen: steady(5, 10), replicas: 5, next: "stable" },
  ])("$name", (row) => {
    const decision = decide(row.mode ?? stable, row.seen, spec(row.spec), now)
    expect(decision.replicas).toBe(row.replicas)
    if (row.next) expect(decision.mode.kind).toBe(row.next)
  })

  it.each([
    {
      name: "says how many more requests fit beside the load",
      tbc: 211,
      ready: 10,
      load: 20,
      excess: 10 * 100 - 211 - 20,
    },
    { name: "falls below zero when the pods could not take the burst", tbc: 211, ready: 2, load: 0, excess: -11 },
    { name: "is never enough with -1", tbc: -1, ready: 100, load: 0, excess: -1 },
    { name: "is of no interest with 0", tbc: 0, ready: 1, load: 500, excess: 0 },
  ])("the burst capacity $name", ({ tbc, ready, load, excess }) => {
    const given = spec({ targetBurstCapacity: tbc, totalPerPod: 100, targetPerPod: 70 })
    expect(decide(stable, steady(load, ready), given, now).excessBurst).toBe(excess)
  })
})
