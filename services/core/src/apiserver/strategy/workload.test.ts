import { describe, expect, it } from "vitest"
import { judged, prepared } from "../testing/judge.ts"
import { controllerRevisions } from "./controller-revision.ts"
import { daemonSets } from "./daemon-set.ts"
import { persistentVolumeClaims } from "./persistent-volume-claim.ts"
import { podTemplates } from "./pod-template.ts"
import { replicationControllers } from "./replication-controller.ts"
import { statefulSets } from "./stateful-set.ts"
import type { Strategy } from "./strategy.ts"
import { deployments, replicaSets } from "./workload.ts"

const strategies: Record<string, Strategy> = {
  Deployment: deployments,
  ReplicaSet: replicaSets,
  StatefulSet: statefulSets,
  DaemonSet: daemonSets,
  ReplicationController: replicationControllers,
  ControllerRevision: controllerRevisions,
  PersistentVolumeClaim: persistentVolumeClaims,
  PodTemplate: podTemplates,
}
const of = (kind: string): Strategy => strategies[kind] ?? {}

const labels = { app: "web" }
const template = (spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: "app", image: "nginx:1" }], ...spec },
})
const workload = (more: object = {}) => ({ spec: { selector: { matchLabels: labels }, template: template(), ...more } })
const selectorMismatch =
  'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'
const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

describe.each(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])("a %s", (kind) => {
  it.each<[string, object, string[]]>([
    ["that is right", {}, []],
    ["without a selector's terms", { selector: {} }, ["spec.selector: Invalid value: {}: empty selector is invalid"]],
    ["whose selector is of other pods", { selector: { matchLabels: { app: "x" } } }, [selectorMismatch]],
    [
      "whose selector makes no sense",
      { selector: { matchExpressions: [{ key: "a", operator: "In" }] } },
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      "whose pods would end",
      { template: template({ restartPolicy: "Never", activeDeadlineSeconds: 5 }) },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        `spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ${kind} is not Supported`,
      ],
    ],
    [
      "whose pods would be refused",
      { template: template({ containers: [{ name: "app" }] }) },
      ["spec.template.spec.containers[0].image: Required value"],
    ],
    [
      "that waits negative seconds",
      { minReadySeconds: -1 },
      ["spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"],
    ],
  ])("%s is judged", (_, more, messages) => expect(judged(kind, of(kind), workload(more))).toEqual(messages))

  it("keeps its selector", () => {
    const other = { matchExpressions: [{ key: "app", operator: "Exists" }] }
    const [message] = judged(kind, of(kind), workload({ selector: other }), workload())
    if (kind === "StatefulSet")
      expect(message).toMatch(/^spec: Forbidden: updates to statefulset spec for fields other/)
    else expect(message).toMatch(/^spec.selector: Invalid value: .*: field is immutable$/)
  })

  it("starts without a state", () => {
    const { status } = prepared(kind, of(kind), { ...workload(), status: { replicas: 3 } })
    expect(Object.values(status as object).every((count) => count === 0)).toBe(true)
  })
})

describe("what is said of a rollout", () => {
  it.each<[string, object, string[]]>([
    [
      "Deployment",
      { replicas: -1, strategy: { type: "Recreate", rollingUpdate: {} } },
      [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
      ],
    ],
    [
      "Deployment",
      { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      "Deployment",
      { strategy: { rollingUpdate: { maxSurge: "half", maxUnavailable: "101%" } } },
      [
        `spec.strategy.rollingUpdate.maxSurge: Invalid value: "half": ${percentText}`,
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      "Deployment",
      { minReadySeconds: 10, progressDeadlineSeconds: 10 },
      ["spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"],
    ],
    [
      "StatefulSet",
      { podManagementPolicy: "Random", updateStrategy: { type: "Never" } },
      [
        "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
        "spec.updateStrategy: Invalid value: {\"type\":\"Never\"}: must be 'RollingUpdate' or 'OnDelete'",
      ],
    ],
    [
      "StatefulSet",
      { updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: 0 } } },
      [
        "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
      ],
    ],
    [
      "StatefulSet",
      { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Keep" } },
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Delete", "Retain"',
      ],
    ],
    [
      "DaemonSet",
      { updateStrategy: { type: "Recreate" } },
      ['spec.updateStrategy.type: Unsupported value: "Recreate": supported values: "RollingUpdate", "OnDelete"'],
    ],
    [
      "DaemonSet",
      { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
      ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
    ],
    [
      "DaemonSet",
      { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } },
      ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    ],
  ])("of a %s: %j", (kind, more, messages) => {
    expect(judged(kind, of(kind), workload(more)).toSorted()).toEqual(messages.toSorted())
  })
})

describe("what a workload gets", () => {
  it.each<[string, object]>([
    [
      "Deployment",
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
        template: { spec: { containers: [{ imagePullPolicy: "IfNotPresent" }] } },
      },
    ],
    [
      "StatefulSet",
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        podManagementPolicy: "OrderedReady",
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      },
    ],
    [
      "DaemonSet",
      {
        revisionHistoryLimit: 10,
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      },
    ],
  ])("a %s", (kind, spec) => expect(prepared(kind, of(kind), workload()).spec).toMatchObject(spec))

  it("a ReplicationController: the labels of its template", () => {
    const made = prepared("ReplicationController", replicationControllers, { spec: { template: template() } })
    expect(made).toMatchObject({ metadata: { labels }, spec: { replicas: 1, selector: labels } })
  })
})

const claim = (more: object = {}) => ({
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...more },
})

describe("a StatefulSet's claims", () => {
  const mounted = { containers: [{ name: "app", image: "a:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }] }
  const claims = [{ metadata: { name: "data" }, ...claim() }]

  it("are volumes of its pods", () => {
    const set = workload({ template: template(mounted), volumeClaimTemplates: claims })
    expect(judged("StatefulSet", statefulSets, set)).toEqual([])
    expect(judged("StatefulSet", statefulSets, workload({ template: template(mounted) }))).toEqual([
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ])
  })

  it("are made whole, judged, and never change", () => {
    const set = workload({ volumeClaimTemplates: claims })
    expect(prepared("StatefulSet", statefulSets, set).spec).toMatchObject({
      volumeClaimTemplates: [
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          spec: { volumeMode: "Filesystem" },
          status: { phase: "Pending" },
        },
      ],
    })
    expect(judged("StatefulSet", statefulSets, workload({ volumeClaimTemplates: [{ spec: {} }] }))).toEqual([
      "spec.volumeClaimTemplates[0].metadata.name: Required value",
      "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
      "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
    ])
    expect(judged("StatefulSet", statefulSets, workload(), set)).toHaveLength(1)
  })
})

describe("a PersistentVolumeClaim", () => {
  it.each<[string, object, string[]]>([
    ["that is right", claim(), []],
    [
      "of unknown modes",
      claim({ accessModes: ["ReadWriteOncePod", "Any"], volumeMode: "Tape" }),
      [
        'spec.accessModes: Unsupported value: "Any": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
        'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
      ],
    ],
    [
      "of nothing",
      claim({ resources: { requests: { storage: "0" } } }),
      ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    ],
  ])("%s is judged", (_, object, messages) => {
    expect(judged("PersistentVolumeClaim", persistentVolumeClaims, object)).toEqual(messages)
  })

  it("changes only by its volume, until it is bound", () => {
    const change = (more: object) => judged("PersistentVolumeClaim", persistentVolumeClaims, claim(more), claim())
    const refused = [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ]
    expect(change({ volumeName: "v" })).toEqual([])
    expect(change({ resources: { requests: { storage: "2Gi" } } })).toEqual(refused)
    expect(change({ accessModes: ["ReadOnlyMany"] })).toEqual(refused)
  })
})

describe("others", () => {
  it("a ReplicationController says what it lacks", () => {
    expect(judged("ReplicationController", replicationControllers, { spec: {} })).toEqual([
      "spec.selector: Required value",
      "spec.template: Required value",
    ])
    const other = { spec: { selector: { app: "x" }, template: template() } }
    expect(judged("ReplicationController", replicationControllers, other)).toEqual([selectorMismatch])
  })

  it("a ControllerRevision keeps its data", () => {
    const revision = (data: object | undefined, number = 1) => ({ ...(data && { data }), revision: number })
    expect(judged("ControllerRevision", controllerRevisions, revision(undefined, -1))).toEqual([
      "data: Required value: data is mandatory",
      "revision: Invalid value: -1: must be greater than or equal to 0",
    ])
    expect(judged("ControllerRevision", controllerRevisions, revision({ a: 2 }, 2), revision({ a: 1 }))).toEqual([
      'data: Invalid value: {"a":2}: field is immutable',
    ])
  })

  it("a PodTemplate is judged as the pods would be", () => {
    expect(judged("PodTemplate", podTemplates, { template: { spec: { containers: [] } } })).toEqual([
      "template.spec.containers: Required value",
    ])
  })
})
