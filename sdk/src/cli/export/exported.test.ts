import { describe, expect, it } from "vitest"
import type { Revision } from "../../api/serving/revision.ts"
import type { Service } from "../../api/serving/service.ts"
import { exportedService, exportForImport, exportForReplay } from "./exported.ts"

const apiVersion = "serving.knative.dev/v1"
const service = {
  apiVersion,
  kind: "Service",
  metadata: {
    name: "hello",
    namespace: "default",
    uid: "u",
    resourceVersion: "9",
    labels: { mine: "1" },
    annotations: { mine: "1", "serving.knative.dev/creator": "ann", "serving.knative.dev/lastModifier": "ann" },
  },
  spec: {
    template: { metadata: { labels: { t: "1" } }, spec: { containers: [{ image: "c" }] } },
    traffic: [
      { latestRevision: true, percent: 100 },
      { revisionName: "hello-00001", tag: "old" },
    ],
  },
  status: { latestCreatedRevisionName: "hello-00003" },
} as unknown as Service

const revision = (number: number, annotations: object = {}): Revision =>
  ({
    apiVersion,
    kind: "Revision",
    metadata: {
      name: `hello-0000${number}`,
      namespace: "default",
      uid: "r",
      labels: {
        "serving.knative.dev/configuration": "hello",
        "serving.knative.dev/configurationGeneration": String(number),
        "serving.knative.dev/configurationUID": "c",
        "serving.knative.dev/routingState": "active",
      },
      annotations,
    },
    spec: { containers: [{ image: `i${number}` }] },
    status: { actualReplicas: 1 },
  }) as unknown as Revision
const revisions = [
  revision(3),
  revision(2),
  revision(1, { scale: "1", "serving.knative.dev/routingStateModified": "x" }),
]

describe("an export", () => {
  it("is what an author could have written, and goes to whatever revision is made of it", () => {
    expect(exportedService(service)).toEqual({
      apiVersion,
      kind: "Service",
      metadata: { name: "hello", labels: { mine: "1" }, annotations: { mine: "1" } },
      spec: { template: { metadata: { labels: { t: "1" } }, spec: { containers: [{ image: "c" }] } } },
    })
  })

  it("for an import brings the revisions that traffic names, and gives the newest its name", () => {
    const { spec } = exportForImport(service, revisions)
    expect(spec.service.spec?.template?.metadata?.name).toBe("hello-00003")
    expect(spec.service.spec?.traffic).toEqual(service.spec.traffic)
    expect(spec.revisions).toEqual([
      {
        apiVersion,
        kind: "Revision",
        metadata: {
          name: "hello-00001",
          labels: {
            "serving.knative.dev/configuration": "hello",
            "serving.knative.dev/configurationGeneration": "1",
          },
          annotations: { scale: "1" },
        },
        spec: { containers: [{ image: "i1" }] },
      },
    ])
  })

  it("for a replay is one service after the other, each making a revision, traffic with the last", () => {
    const replayed = exportForReplay(service, revisions)
    expect(replayed.map(({ spec }) => [spec?.template?.metadata, spec?.template?.spec, spec?.traffic?.length])).toEqual(
      [
        [
          { name: "hello-00001", labels: { t: "1" }, annotations: { scale: "1" } },
          { containers: [{ image: "i1" }] },
          undefined,
        ],
        [{ name: "hello-00003", labels: { t: "1" } }, { containers: [{ image: "c" }] }, 2],
      ],
    )
  })
})
