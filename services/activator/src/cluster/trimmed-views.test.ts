import { describe, expect, it } from "vitest"
import { podTrouble } from "../backend/pod-trouble.ts"
import { type RevisionView, revisionSpec, unmakeableCause } from "../backend/revision-spec.ts"
import { isOurs } from "./ingress-view.ts"
import { takenIn, trimmedIngress, trimmedPod, trimmedRevision } from "./trimmed-views.ts"
import type { PodStatusView, WatchedIngress, WatchedPod, WatchedRevision } from "./watched-kinds.ts"

const meta = {
  name: "a-00001",
  namespace: "default",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T00:00:00Z",
}
const container = {
  name: "user-container",
  image: "registry.example/a@sha256:0",
  ports: [{ name: "h2c", containerPort: 9_000 }],
  readinessProbe: { httpGet: { path: "/ready", port: 0, httpHeaders: [{ name: "A", value: "b" }] } },
}
const revision = {
  apiVersion: "serving.knative.dev/v1",
  kind: "Revision",
  metadata: {
    ...meta,
    labels: { "serving.knative.dev/service": "a", "serving.knative.dev/configuration": "a", other: "x" },
    annotations: { creator: "somebody" },
  },
  spec: {
    containerConcurrency: 3,
    timeoutSeconds: 20,
    responseStartTimeoutSeconds: 5,
    idleTimeoutSeconds: 4,
    containers: [container, { name: "beside", image: "b" }],
  },
  status: {
    logUrl: "x",
    conditions: [
      { type: "Ready", status: "Unknown", reason: "Deploying" },
      { type: "ResourcesAvailable", status: "False", reason: "FailedCreate", message: "no room" },
    ],
  },
} as unknown as WatchedRevision

it("nothing that this process reads of a Revision is lost, and all else is", () => {
  const trimmed = trimmedRevision(structuredClone(revision))
  for (const findsHttp2 of [false, true]) {
    expect(revisionSpec(trimmed as RevisionView, findsHttp2)).toEqual(
      revisionSpec(revision as RevisionView, findsHttp2),
    )
  }
  expect(unmakeableCause(trimmed as RevisionView)).toEqual(unmakeableCause(revision as RevisionView))
  expect(unmakeableCause(trimmed as RevisionView)?.reason).toBe("FailedCreate")
  expect(trimmed.metadata).toMatchObject({ name: "a-00001", namespace: "default", resourceVersion: "7" })
  expect(JSON.stringify(trimmed)).not.toMatch(/image|creator|logUrl|no room|Deploying|other/)
})

it("a Revision of which nothing is known yet stays one", () => {
  const bare = { apiVersion: "serving.knative.dev/v1", kind: "Revision", metadata: meta } as unknown as WatchedRevision
  expect(revisionSpec(trimmedRevision(bare) as RevisionView, false)).toEqual(revisionSpec({}, false))
})

it("an Ingress is still ours or another's, of its generation, and leads where it led", () => {
  const ingress = (annotations?: Record<string, string>) =>
    ({
      apiVersion: "networking.internal.knative.dev/v1alpha1",
      kind: "Ingress",
      metadata: {
        ...meta,
        generation: 4,
        labels: { a: "b" },
        ownerReferences: [{}],
        ...(annotations && { annotations }),
      },
      spec: { rules: [{ hosts: ["a.example"] }] },
      status: { conditions: [] },
    }) as unknown as WatchedIngress
  const trimmed = trimmedIngress(ingress({ "networking.knative.dev/rollout": "{}" }))
  expect(isOurs(trimmed)).toBe(true)
  expect(trimmed).toMatchObject({ metadata: { ...meta, generation: 4 }, spec: { rules: [{ hosts: ["a.example"] }] } })
  takenIn(trimmed)
  expect(trimmed).toMatchObject({ apiVersion: "networking.internal.knative.dev/v1alpha1", metadata: { generation: 4 } })
  expect(trimmed.spec).toBeUndefined()
  expect(isOurs(trimmedIngress(ingress({ "networking.knative.dev/ingress.class": "another" })))).toBe(false)
  expect(isOurs(trimmedIngress(ingress()))).toBe(true)
})

describe("a pod", () => {
  const pod = (status: unknown): WatchedPod =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...meta,
        deletionTimestamp: "2026-01-01T00:00:09Z",
        labels: { "serving.knative.dev/revision": "a-00001", app: "x" },
        ownerReferences: [{ name: "set" }],
      },
      spec: { containers: [container] },
      status,
    }) as unknown as WatchedPod
  const each = { name: "user-container", image: "i", imageID: "sha256:0", containerID: "containerd://1", started: true }

  it.for<[string, unknown]>([
    ["has no status yet", undefined],
    [
      "waits for a node",
      { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
    ],
    [
      "cannot pull its image",
      { containerStatuses: [{ ...each, state: { waiting: { reason: "ImagePullBackOff", message: "m" } } }] },
    ],
    ["is being made", { containerStatuses: [{ ...each, state: { waiting: { message: "m" } } }] }],
    [
      "crashes before it begins",
      {
        initContainerStatuses: [{ ...each, restartCount: 2, state: { terminated: { exitCode: 3, reason: "Error" } } }],
      },
    ],
    [
      "runs again after it crashed",
      {
        containerStatuses: [
          {
            ...each,
            ready: false,
            restartCount: 1,
            state: { running: { startedAt: "t" } },
            lastState: { terminated: { exitCode: 137, containerID: "c" } },
          },
        ],
      },
    ],
    [
      "runs",
      {
        phase: "Running",
        podIP: "10.0.0.9",
        hostIP: "10.0.0.1",
        conditions: ["Ready", "PodScheduled", "PodReadyToStartContainers", "Initialized"].map((type) => ({
          type,
          status: "True",
          lastTransitionTime: "t",
        })),
        containerStatuses: [{ ...each, ready: true, restartCount: 0, state: { running: { startedAt: "t" } } }],
      },
    ],
  ])("that %s is seen to be in the same state", ([, status]) => {
    const whole = status as PodStatusView | undefined
    const trimmed = trimmedPod(pod(status))
    expect(podTrouble(trimmed.status)).toEqual(podTrouble(whole))
    expect([trimmed.status?.phase, trimmed.status?.podIP]).toEqual([whole?.phase, whole?.podIP])
    const isTrue = (seen: PodStatusView | undefined) =>
      ["Ready", "PodScheduled", "PodReadyToStartContainers"].map((type) =>
        seen?.conditions?.some((one) => one.type === type && one.status === "True"),
      )
    expect(isTrue(trimmed.status)).toEqual(isTrue(whole))
    const runs = (seen: PodStatusView | undefined) =>
      seen?.containerStatuses?.map(({ state }) => state?.running !== undefined)
    expect(runs(trimmed.status)).toEqual(runs(whole))
    expect(JSON.stringify(trimmed)).not.toMatch(
      /image"|containerID|startedAt|lastTransitionTime|message|ownerReferences|spec|app/,
    )
  })

  it("is still the one that it was, of its revision, and on its way out", () => {
    const { metadata } = trimmedPod(pod(undefined))
    const { creationTimestamp: _, ...kept } = meta
    expect(metadata).toEqual({
      ...kept,
      deletionTimestamp: "2026-01-01T00:00:09Z",
      labels: { "serving.knative.dev/revision": "a-00001" },
    })
  })
})
