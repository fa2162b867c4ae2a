import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { scalingSpec } from "./settings.ts"

const of = (annotations: Record<string, string> = {}, config: Record<string, string> = {}, spec = {}) =>
  scalingSpec({ metadata: { annotations }, spec }, readConfig({ "config-autoscaler": config }).autoscaler)
const key = (name: string) => `autoscaling.knative.dev/${name}`

describe("settings of scaling", () => {
  it("have Knative's defaults", () => {
    expect(of()).toEqual({
      metric: "concurrency",
      algorithm: "linear",
      targetPerPod: 70,
      totalPerPod: 100,
      stableWindowMs: 60_000,
      panicWindowMs: 6000,
      panicThreshold: 2,
      maxScaleUpRate: 1000,
      maxScaleDownRate: 2,
      minScale: 0,
      maxScale: 0,
      initialScale: 1,
      activationScale: 1,
      scaleDownDelayMs: 0,
      targetBurstCapacity: 211,
      activatorCapacity: 100,
      scaleToZero: true,
      retentionMs: 0,
      graceMs: 30_000,
      activationTimeoutMs: 630_000,
      reachable: true,
    })
  })

  it("take annotations over the ConfigMap, in both spellings", () => {
    expect(of({ [key("min-scale")]: "3" }, { "min-scale": "1" }).minScale).toBe(3)
    expect(of({ [key("minScale")]: "4" }).minScale).toBe(4)
    expect(of({}, { "min-scale": "1" }).minScale).toBe(1)
    expect(of({ [key("min-scale")]: "many" }, { "min-scale": "1" }).minScale).toBe(1)
  })

  it.each([
    { name: "a target of its own at 70 percent", annotations: { target: "10" }, spec: {}, total: 10, effective: 7 },
    {
      name: "another utilization",
      annotations: { target: "10", "target-utilization-percentage": "100" },
      spec: {},
      total: 10,
      effective: 10,
    },
    {
      name: "the hard limit where there is no target",
      annotations: {},
      spec: { containerConcurrency: 20 },
      total: 20,
      effective: 14,
    },
    {
      name: "the hard limit where the target lies above",
      annotations: { target: "50" },
      spec: { containerConcurrency: 20 },
      total: 20,
      effective: 14,
    },
    { name: "200 requests per second", annotations: { metric: "rps" }, spec: {}, total: 200, effective: 140 },
    { name: "at least a hundredth", annotations: { target: "0.01" }, spec: {}, total: 0.01, effective: 0.01 },
  ])("aim at $name", ({ annotations, spec, total, effective }) => {
    const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [key(name), value]))
    const found = of(prefixed, {}, spec)
    expect(found.totalPerPod).toBeCloseTo(total)
    expect(found.targetPerPod).toBeCloseTo(effective)
  })

  it("cap max-scale by its limit, which also holds where none is asked for", () => {
    expect(of({ [key("max-scale")]: "50" }, { "max-scale": "1", "max-scale-limit": "20" }).maxScale).toBe(20)
    expect(of({ [key("max-scale")]: "0" }, { "max-scale": "1", "max-scale-limit": "20" }).maxScale).toBe(20)
    expect(of({ [key("max-scale")]: "5" }, { "max-scale": "1", "max-scale-limit": "20" }).maxScale).toBe(5)
  })
})

describe("every setting of config-autoscaler", () => {
  const map = { "max-scale": "7" }
  it.each<[key: string, value: string, field: keyof ReturnType<typeof of>, expected: unknown]>([
    ["container-concurrency-target-percentage", "50", "targetPerPod", 50],
    ["container-concurrency-target-default", "10", "totalPerPod", 10],
    ["target-burst-capacity", "-1", "targetBurstCapacity", -1],
    ["stable-window", "1m30s", "stableWindowMs", 90_000],
    ["panic-window-percentage", "20", "panicWindowMs", 12_000],
    ["panic-threshold-percentage", "300", "panicThreshold", 3],
    ["max-scale-up-rate", "10", "maxScaleUpRate", 10],
    ["max-scale-down-rate", "3", "maxScaleDownRate", 3],
    ["enable-scale-to-zero", "false", "scaleToZero", false],
    ["scale-to-zero-grace-period", "40s", "graceMs", 40_000],
    ["scale-to-zero-pod-retention-period", "5s", "retentionMs", 5000],
    ["activator-capacity", "500", "activatorCapacity", 500],
    ["initial-scale", "3", "initialScale", 3],
    ["min-scale", "2", "minScale", 2],
    ["max-scale", "8", "maxScale", 8],
    ["max-scale-limit", "7", "maxScale", 7],
    ["scale-down-delay", "15s", "scaleDownDelayMs", 15_000],
  ])("has effect: %s", (name, value, field, expected) => {
    expect(of({}, { ...map, [name]: value })[field]).toBe(expected)
  })

  it("has effect: requests-per-second-target-default", () => {
    expect(of({ [key("metric")]: "rps" }, { "requests-per-second-target-default": "10" }).totalPerPod).toBe(10)
  })
})
