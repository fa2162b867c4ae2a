import { describe, expect, it } from "vitest"
import { judged, prepared } from "../testing/judge.ts"
import { horizontalPodAutoscalers } from "./horizontal-pod-autoscaler.ts"
import { persistentVolumes } from "./persistent-volume.ts"
import { podDisruptionBudgets } from "./pod-disruption-budget.ts"

describe("a HorizontalPodAutoscaler", () => {
  const autoscaler = (more: object = {}) => ({
    spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, maxReplicas: 5, ...more },
  })
  const cpu = (target: object) => ({ metrics: [{ type: "Resource", resource: { name: "cpu", target } }] })

  it("follows four fifths of the CPU, and changes as fast as Kubernetes lets it", () => {
    const made = prepared("HorizontalPodAutoscaler", horizontalPodAutoscalers, autoscaler({ behavior: {} }))
    const allPods = { type: "Percent", value: 100, periodSeconds: 15 }
    expect(made.spec).toEqual({
      scaleTargetRef: { kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 5,
      ...cpu({ type: "Utilization", averageUtilization: 80 }),
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: "Max",
          policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, allPods],
        },
        scaleDown: { selectPolicy: "Max", policies: [allPods] },
      },
    })
  })

  const at = "spec.metrics[0]"
  it.each<[string, object, string[]]>([
    ["that is right", {}, []],
    [
      "of impossible numbers",
      { minReplicas: 0, maxReplicas: -1 },
      [
        "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
        "spec.maxReplicas: Invalid value: -1: must be greater than 0",
        "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
      ],
    ],
    ["of nothing", { scaleTargetRef: { kind: "Deployment", name: "" } }, ["spec.scaleTargetRef.name: Required value"]],
    [
      "of an unknown metric",
      { metrics: [{ type: "Mood" }] },
      [
        `${at}.type: Unsupported value: "Mood": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      ],
    ],
    [
      "of a metric that is not told",
      { metrics: [{ type: "Pods" }] },
      [`${at}.pods: Required value: must populate information for the given metric source`],
    ],
    [
      "with two amounts",
      cpu({ type: "Utilization", averageUtilization: 0, averageValue: "1" }),
      [
        `${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
        `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
      ],
    ],
    [
      "without an amount",
      cpu({ type: "Size" }),
      [
        `${at}.resource.target.type: Unsupported value: "Size": supported values: "AverageValue", "Utilization", "Value"`,
        `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
      ],
    ],
    [
      "with impossible behaviour",
      {
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 3601,
            selectPolicy: "Some",
            policies: [{ type: "Nodes", value: 0, periodSeconds: 1801 }],
          },
        },
      },
      [
        "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
        'spec.behavior.scaleDown.selectPolicy: Unsupported value: "Some": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
        "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
      ],
    ],
  ])("%s is judged", (_, more, messages) => {
    expect(judged("HorizontalPodAutoscaler", horizontalPodAutoscalers, autoscaler(more))).toEqual(messages)
  })
})

describe("a PodDisruptionBudget", () => {
  it.each<[string, object, string[]]>([
    ["that is right", { minAvailable: "50%" }, []],
    [
      "that says both",
      { minAvailable: 1, maxUnavailable: -1 },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":-1}: minAvailable and maxUnavailable cannot be both set',
        "spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
      ],
    ],
    [
      "of more than all",
      { minAvailable: "101%" },
      ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      "of an unknown policy",
      { unhealthyPodEvictionPolicy: "Never" },
      [
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
      ],
    ],
  ])("%s is judged", (_, spec, messages) => {
    expect(judged("PodDisruptionBudget", podDisruptionBudgets, { spec })).toEqual(messages)
  })
})

describe("a PersistentVolume", () => {
  const volume = (more: object = {}) => ({
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/data" }, ...more },
  })
  it.each<[string, object, string[]]>([
    ["that is right", volume(), []],
    [
      "of nothing",
      { spec: {} },
      [
        "spec.accessModes: Required value",
        "spec.capacity: Required value",
        "spec: Required value: must specify a volume type",
      ],
    ],
    [
      "of two things",
      volume({ nfs: { server: "s", path: "" } }),
      ["spec.nfs: Forbidden: may not specify more than 1 volume type", "spec.nfs.path: Required value"],
    ],
    [
      "on no node",
      volume({ hostPath: undefined, local: { path: "/disk" } }),
      ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
    ],
    [
      "that would empty the node",
      volume({ hostPath: { path: "/" }, persistentVolumeReclaimPolicy: "Recycle" }),
      ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ],
  ])("%s is judged", (_, object, messages) => {
    expect(judged("PersistentVolume", persistentVolumes, object)).toEqual(messages)
  })

  it("stays where it is", () => {
    const moved = judged("PersistentVolume", persistentVolumes, volume({ hostPath: { path: "/other" } }), volume())
    expect(moved).toEqual([
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
    ])
    expect(judged("PersistentVolume", persistentVolumes, volume({ claimRef: { name: "a" } }), volume())).toEqual([])
  })

  it("starts pending, keeps its data, and holds files", () => {
    expect(prepared("PersistentVolume", persistentVolumes, volume())).toMatchObject({
      spec: { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    })
  })
})
