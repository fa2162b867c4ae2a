import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { readConfig } from "@wick/sdk/api/serving/config"
import { describe, expect, it } from "vitest"
import { desiredAutoscaler } from "./horizontal-pod-autoscaler.ts"

const config = readConfig({}).autoscaler

function of(annotations: Record<string, string>, spec: object = {}) {
  const prefixed = Object.entries(annotations).map(([name, value]) => [`autoscaling.knative.dev/${name}`, value])
  const scaled = {
    metadata: { name: "hello-1", namespace: "n", uid: "u", annotations: Object.fromEntries(prefixed) },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" }, protocolType: "http1", ...spec },
  } as unknown as PodAutoscaler
  return desiredAutoscaler(scaled, config).spec
}

describe("the HorizontalPodAutoscaler of a revision", () => {
  it("scales its Deployment from one to as many as there may be, and says nothing of metrics nobody asked for", () => {
    expect(of({})).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
      minReplicas: 1,
      maxReplicas: 2_147_483_647,
    })
  })

  it("keeps the bounds of the revision, and its least only while a route leads there", () => {
    expect(of({ "min-scale": "2", maxScale: "5" })).toMatchObject({ minReplicas: 2, maxReplicas: 5 })
    expect(of({ "min-scale": "2" }, { reachability: "Unreachable" }).minReplicas).toBe(1)
  })

  it.each([
    {
      name: "percent of the processor",
      metric: "cpu",
      source: { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
    },
    {
      name: "mebibytes of memory",
      metric: "memory",
      source: {
        type: "Resource",
        resource: { name: "memory", target: { type: "AverageValue", averageValue: "80Mi" } },
      },
    },
    {
      name: "anything else per pod",
      metric: "rps",
      source: { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "80" } } },
    },
  ])("aims at $name", ({ metric, source }) => {
    expect(of({ metric, target: "79.5" }).metrics).toEqual([source])
  })

  it("waits in both directions for the window that was asked for", () => {
    expect(of({ window: "90s" }).behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 90 },
      scaleDown: { stabilizationWindowSeconds: 90 },
    })
  })
})
