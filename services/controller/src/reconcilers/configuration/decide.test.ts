import { describe, expect, it } from "vitest"
import { configuration, nowMs, readyOf, revision } from "../../testing/objects.ts"
import { decide } from "./decide.ts"

describe("a configuration", () => {
  it("makes one numbered revision for its generation", () => {
    const { revision: made, status } = decide({ configuration: configuration(), revisions: [] }, nowMs)
    expect(made?.metadata).toMatchObject({
      name: "hello-00001",
      labels: { "serving.knative.dev/routingState": "pending" },
    })
    expect(status).toMatchObject({ latestCreatedRevisionName: "hello-00001" })
    expect(readyOf(status)).toMatchObject({ status: "Unknown" })
  })

  it("makes nothing a second time", () => {
    const revisions = [revision("hello-00001", "True")]
    expect(decide({ configuration: configuration(), revisions }, nowMs).revision).toBeUndefined()
  })

  it("names its newest ready revision, and keeps it while a newer one fails", () => {
    const revisions = [revision("hello-00001", "True"), revision("hello-00002", "False")]
    const { status } = decide({ configuration: configuration("True", {}, 2), revisions }, nowMs)
    expect(status).toMatchObject({ latestCreatedRevisionName: "hello-00002", latestReadyRevisionName: "hello-00001" })
    expect(readyOf(status)).toMatchObject({
      status: "False",
      reason: "RevisionFailed",
      message: 'Revision "hello-00002" failed with message: it crashed.',
    })
  })

  it("says that a chosen name belongs to another template", () => {
    const own = configuration()
    const template = { metadata: { name: "hello-one" }, spec: { containers: [{ name: "c", image: "other" }] } }
    const observed = { configuration: { ...own, spec: { template } }, revisions: [revision("hello-one", "True")] }
    const { revision: made, status } = decide(observed as never, nowMs)
    expect(made).toBeUndefined()
    expect(readyOf(status)).toMatchObject({ status: "False", message: expect.stringContaining("already exists") })
  })
})
