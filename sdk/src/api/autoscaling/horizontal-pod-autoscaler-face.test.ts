import { describe, expect, it } from "vitest"
import { horizontalPodAutoscalerFace as face } from "./horizontal-pod-autoscaler-face.ts"

const prefix = "autoscaling.alpha.kubernetes.io/"
const target = { kind: "Deployment", name: "web", apiVersion: "apps/v1" }
const cpu = (percent: number) => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
})
const stored = (spec: object, status?: object) => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", annotations: { own: "kept" } },
  spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 5, ...spec },
  ...(status && { status }),
})

describe("a HorizontalPodAutoscaler in autoscaling/v1", () => {
  it("has the CPU in a field of its own", () => {
    expect(face.fromStored(stored({ metrics: [cpu(80)] }))).toEqual({
      apiVersion: "autoscaling/v1",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web", annotations: { own: "kept" } },
      spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 80 },
    })
  })

  it("has other metrics, behaviour and conditions in annotations", () => {
    const pods = {
      type: "Pods",
      pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } },
    }
    const behavior = {
      scaleDown: { stabilizationWindowSeconds: 60, policies: [{ type: "Pods", value: 1, periodSeconds: 15 }] },
    }
    const conditions = [{ type: "AbleToScale", status: "True" }]
    const { metadata } = face.fromStored(
      stored({ metrics: [cpu(80), pods], behavior }, { currentReplicas: 1, desiredReplicas: 1, conditions }),
    )
    expect(metadata.annotations).toEqual({
      own: "kept",
      [`${prefix}metrics`]: '[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10"}}]',
      [`${prefix}behavior`]:
        '{"ScaleDown":{"StabilizationWindowSeconds":60,"Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":15}]}}',
      [`${prefix}conditions`]: '[{"type":"AbleToScale","status":"True"}]',
    })
  })

  it("tells the use of CPU that was seen", () => {
    const current = {
      type: "Resource",
      resource: { name: "cpu", current: { averageUtilization: 42, averageValue: "42m" } },
    }
    const seen = face.fromStored(stored({}, { currentReplicas: 2, desiredReplicas: 2, currentMetrics: [current] }))
    expect(seen.status).toEqual({ currentReplicas: 2, desiredReplicas: 2, currentCPUUtilizationPercentage: 42 })
  })

  const metric = { name: "queue", selector: { matchLabels: { a: "b" } } }
  it.each([
    { name: "CPU", metrics: [cpu(50)] },
    {
      name: "memory by amount",
      metrics: [
        { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
      ],
    },
    {
      name: "a container's CPU",
      metrics: [
        {
          type: "ContainerResource",
          containerResource: { name: "cpu", container: "app", target: { type: "Utilization", averageUtilization: 60 } },
        },
      ],
    },
    {
      name: "an object's metric",
      metrics: [
        { type: "Object", object: { describedObject: target, metric, target: { type: "Value", value: "2k" } } },
        {
          type: "Object",
          object: { describedObject: target, metric, target: { type: "AverageValue", averageValue: "5" } },
        },
      ],
    },
    {
      name: "something outside",
      metrics: [
        { type: "External", external: { metric, target: { type: "Value", value: "7" } } },
        { type: "External", external: { metric, target: { type: "AverageValue", averageValue: "7" } } },
      ],
    },
  ])("keeps $name on the way there and back", ({ metrics }) => {
    const behavior = { scaleUp: { selectPolicy: "Max" } }
    const status = {
      currentReplicas: 1,
      desiredReplicas: 3,
      currentMetrics: [{ type: "Pods", pods: { metric, current: { averageValue: "3" } } }],
      conditions: [{ type: "ScalingActive", status: "True" }],
    }
    const object = stored({ metrics, behavior }, status)
    expect(face.toStored(face.fromStored(object))).toEqual(object)
  })

  it("ignores an annotation that cannot be read", () => {
    const written = face.fromStored(stored({ metrics: [cpu(80)] }))
    written.metadata.annotations = { [`${prefix}metrics`]: "{", [`${prefix}behavior`]: "7" }
    expect(face.toStored(written).spec).toEqual({
      scaleTargetRef: target,
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [cpu(80)],
    })
  })
})
