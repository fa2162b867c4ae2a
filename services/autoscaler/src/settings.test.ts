import { describe, expect, it } from "vitest"
import { parseDurationMs } from "./duration.ts"
import { scalingSpec } from "./settings.ts"

const of = (annotations: Record<string, string> = {}, config: Record<string, string> = {}, spec = {}) =>
  scalingSpec({ metadata: { annotations }, spec }, config)
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
      scaleToZero: true,
      retentionMs: 0,
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
    expect(of({ [key("max-scale")]: "50" }, { "max-scale-limit": "20" }).maxScale).toBe(20)
    expect(of({}, { "max-scale-limit": "20" }).maxScale).toBe(20)
    expect(of({ [key("max-scale")]: "5" }, { "max-scale-limit": "20" }).maxScale).toBe(5)
  })
})

it.each([
  ["60s", 60_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["250ms", 250],
  ["0", 0],
  ["60", undefined],
  ["s", undefined],
])("reads the duration %s as %s ms", (text, expected) => expect(parseDurationMs(text)).toBe(expected))
