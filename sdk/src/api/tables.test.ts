import { describe, expect, it } from "vitest"
import { builtinFaces, builtinKinds } from "./builtin-kinds.ts"
import type { Kind } from "./kind.ts"

const now = Date.parse("2026-01-01T01:00:00Z")
const template = {
  metadata: { labels: { app: "web" } },
  spec: {
    nodeSelector: { disk: "ssd" },
    containers: [
      { name: "a", image: "x:1" },
      { name: "b", image: "y:2" },
    ],
  },
}
const metadata = { name: "web", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" }

const kinds: readonly Kind[] = [...builtinKinds, ...builtinFaces.map(({ kind }) => kind)]

/** The row of an object by column, wide columns and all; age is left to the server. */
function row(apiVersion: string, name: string, fields: object): Record<string, unknown> {
  const kind = kinds.find((each) => each.apiVersion === apiVersion && each.kind === name)
  if (!kind) throw new Error(`no kind ${apiVersion} ${name}`)
  const object = { metadata, ...fields }
  const shown = kind.columns.filter(({ value }) => value !== undefined)
  return Object.fromEntries(shown.map((column) => [column.name, column.value?.(object, now)]))
}

describe("a row of kubectl's table", () => {
  it.each<[string, string, object, Record<string, unknown>]>([
    [
      "apps/v1",
      "StatefulSet",
      { spec: { replicas: 3, template }, status: { readyReplicas: 2 } },
      { Ready: "2/3", Containers: "a,b", Images: "x:1,y:2" },
    ],
    [
      "apps/v1",
      "DaemonSet",
      {
        spec: { selector: { matchLabels: { app: "web" } }, template },
        status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 },
      },
      {
        Desired: 3,
        Current: 2,
        Ready: 1,
        "Up-to-date": 0,
        Available: 0,
        "Node Selector": "disk=ssd",
        Containers: "a,b",
        Images: "x:1,y:2",
        Selector: "app=web",
      },
    ],
    [
      "batch/v1",
      "Job",
      {
        spec: { completions: 3, template },
        status: { succeeded: 1, startTime: "2026-01-01T00:00:00Z", completionTime: "2026-01-01T00:01:05Z" },
      },
      {
        Status: "Running",
        Completions: "1/3",
        Duration: "65s",
        Containers: "a,b",
        Images: "x:1,y:2",
        Selector: "<none>",
      },
    ],
    [
      "batch/v1",
      "CronJob",
      {
        spec: { schedule: "0 * * * *", suspend: true, jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: "2026-01-01T00:30:00Z" },
      },
      {
        Schedule: "0 * * * *",
        Timezone: "<none>",
        Suspend: "True",
        Active: 1,
        "Last Schedule": "30m",
        Containers: "a,b",
        Images: "x:1,y:2",
        Selector: "<none>",
      },
    ],
    [
      "v1",
      "PersistentVolume",
      {
        spec: {
          capacity: { storage: "5Gi" },
          accessModes: ["ReadWriteMany", "ReadWriteOnce"],
          persistentVolumeReclaimPolicy: "Delete",
          claimRef: { namespace: "default", name: "data" },
          storageClassName: "fast",
          volumeMode: "Filesystem",
        },
        status: { phase: "Bound" },
      },
      {
        Capacity: "5Gi",
        "Access Modes": "RWO,RWX",
        "Reclaim Policy": "Delete",
        Status: "Bound",
        Claim: "default/data",
        StorageClass: "fast",
        VolumeAttributesClass: "<unset>",
        Reason: "",
        VolumeMode: "Filesystem",
      },
    ],
    [
      "v1",
      "PersistentVolumeClaim",
      { spec: { storageClassName: "fast" }, status: { phase: "Pending", capacity: { storage: "5Gi" } } },
      {
        Status: "Pending",
        Volume: "",
        Capacity: "",
        "Access Modes": "",
        StorageClass: "fast",
        VolumeAttributesClass: "<unset>",
        VolumeMode: "<unset>",
      },
    ],
    ["v1", "PodTemplate", { template }, { Containers: "a,b", Images: "x:1,y:2", "Pod Labels": "app=web" }],
    [
      "v1",
      "ReplicationController",
      { spec: { replicas: 2, selector: { app: "web" }, template }, status: { replicas: 2 } },
      { Desired: 2, Current: 2, Ready: 0, Containers: "a,b", Images: "x:1,y:2", Selector: "app=web" },
    ],
    [
      "policy/v1",
      "PodDisruptionBudget",
      { spec: { maxUnavailable: "30%" }, status: { disruptionsAllowed: 1 } },
      { "Min Available": "N/A", "Max Unavailable": "30%", "Allowed Disruptions": 1 },
    ],
    [
      "autoscaling/v2",
      "HorizontalPodAutoscaler",
      {
        spec: {
          scaleTargetRef: { kind: "Deployment", name: "web" },
          minReplicas: 1,
          maxReplicas: 9,
          metrics: [
            { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
            {
              type: "External",
              external: { metric: { name: "q" }, target: { type: "AverageValue", averageValue: "5" } },
            },
            { type: "Pods", pods: { metric: { name: "r" }, target: { type: "AverageValue", averageValue: "5" } } },
          ],
        },
        status: {
          currentReplicas: 2,
          currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12 } } }],
        },
      },
      {
        Reference: "Deployment/web",
        Targets: "cpu: 12%/80%, <unknown>/5 (avg) + 1 more...",
        MinPods: "1",
        MaxPods: 9,
        Replicas: 2,
      },
    ],
    [
      "autoscaling/v1",
      "HorizontalPodAutoscaler",
      {
        spec: {
          scaleTargetRef: { kind: "Deployment", name: "web" },
          maxReplicas: 9,
          targetCPUUtilizationPercentage: 80,
        },
      },
      { Reference: "Deployment/web", Targets: "cpu: <unknown>/80%", MinPods: "<unset>", MaxPods: 9, Replicas: 0 },
    ],
  ])("of %s %s", (apiVersion, kind, fields, cells) => expect(row(apiVersion, kind, fields)).toEqual(cells))

  it.each([
    [[{ type: "Complete", status: "True" }], {}, "Complete"],
    [[{ type: "Failed", status: "True" }], {}, "Failed"],
    [[{ type: "Suspended", status: "True" }], {}, "Suspended"],
    [[{ type: "Complete", status: "False" }], { deletionTimestamp: "2026-01-01T00:00:00Z" }, "Terminating"],
  ])("says of a job with %j: %s → %s", (conditions, meta, word) => {
    const fields = { metadata: { ...metadata, ...meta }, spec: { parallelism: 3, template }, status: { conditions } }
    expect(row("batch/v1", "Job", fields)).toMatchObject({ Status: word, Completions: "0/1 of 3" })
  })

  it("names the controller of a revision", () => {
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "1", controller: true }
    const owned = { metadata: { ...metadata, ownerReferences: [owner] }, revision: 4 }
    expect(row("apps/v1", "ControllerRevision", owned)).toEqual({ Controller: "statefulset.apps/web", Revision: 4 })
    expect(row("apps/v1", "ControllerRevision", { revision: 4 })).toMatchObject({ Controller: "<none>" })
  })
})
