import { expect, it } from "vitest"
import { type RevisionView, revisionSpec, unmakeableCause } from "../backend/revision-spec.ts"
import { isOurs } from "./ingress-view.ts"
import { trimmedIngress, trimmedRevision } from "./trimmed-views.ts"
import type { WatchedIngress, WatchedRevision } from "./watched-kinds.ts"

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
  expect(Object.keys(trimmed)).toEqual(["apiVersion", "kind", "metadata", "spec"])
  expect(isOurs(trimmedIngress(ingress({ "networking.knative.dev/ingress.class": "another" })))).toBe(false)
  expect(isOurs(trimmedIngress(ingress()))).toBe(true)
})
