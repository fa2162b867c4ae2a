import { createHash } from "node:crypto"
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

  it("gives its revision a shortened name, as Knative does, where its own leaves no room for the number", () => {
    const long = configuration()
    long.metadata = { ...long.metadata, name: "n".repeat(58) }
    expect(decide({ configuration: long, revisions: [] }, nowMs).revision?.metadata.name).toBe(
      `${"n".repeat(25)}${createHash("md5").update("n".repeat(58)).digest("hex")}-00001`,
    )
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

  it("tells in whole sentences why it failed, whether they came with their full stop or not", () => {
    const revisions = [revision("hello-00001", "False")]
    const [ready] = revisions[0]?.status?.conditions ?? []
    Object.assign(ready ?? {}, { message: "0/1 nodes are available: 1 Insufficient cpu." })
    expect(readyOf(decide({ configuration: configuration(), revisions }, nowMs).status)).toMatchObject({
      message: 'Revision "hello-00001" failed with message: 0/1 nodes are available: 1 Insufficient cpu.',
    })
  })

  it("names the revision of its template before one that somebody made under the same generation", () => {
    const imported = { ...revision("hello-00001", "True") }
    imported.metadata = { ...imported.metadata, name: "hello-old" }
    for (const revisions of [
      [imported, revision("hello-00001", "True")],
      [revision("hello-00001", "True"), imported],
    ]) {
      const before = configuration("True", { latestReadyRevisionName: "hello-old" })
      expect(decide({ configuration: before, revisions }, nowMs).status.latestReadyRevisionName).toBe("hello-00001")
    }
  })

  it("names the revision that its template has gone back to, though a newer one was ready", () => {
    const [old, newer] = [revision("hello-00001", "True"), revision("hello-00002", "True")]
    old.metadata = { ...old.metadata, name: "hello-old" }
    newer.metadata = { ...newer.metadata, name: "hello-new" }
    const own = configuration(
      "True",
      { latestReadyRevisionName: "hello-new", latestCreatedRevisionName: "hello-new" },
      3,
    )
    const back = { ...own, spec: { template: { metadata: { name: "hello-old" }, spec: old.spec } } } as typeof own
    const { revision: made, status } = decide({ configuration: back, revisions: [old, newer] }, nowMs)
    expect(made).toBeUndefined()
    expect([status.latestCreatedRevisionName, status.latestReadyRevisionName]).toEqual(["hello-old", "hello-old"])
  })

  it("gives its revision another name where an imported one has its own, and knows it again", () => {
    const imported = revision("hello-00002", "True", { spec: { containers: [{ name: "c", image: "other" }] } })
    const generation = { ...imported.metadata.labels, "serving.knative.dev/configurationGeneration": "1" }
    imported.metadata = { ...imported.metadata, labels: generation }
    const second = configuration("True", {}, 2)
    const { revision: made, status } = decide({ configuration: second, revisions: [imported] }, nowMs)
    expect(made?.metadata.name).toBe("hello-00002-2")
    expect(status.latestCreatedRevisionName).toBe("hello-00002-2")
    const own = revision("hello-00002", "True")
    own.metadata = { ...own.metadata, name: "hello-00002-2" }
    for (const revisions of [[imported, own], [own]]) {
      const after = decide({ configuration: second, revisions }, nowMs)
      expect(after.revision).toBeUndefined()
      expect(after.status.latestReadyRevisionName).toBe("hello-00002-2")
    }
  })

  it("says that a chosen name belongs to another template", () => {
    const own = configuration()
    const template = { metadata: { name: "hello-one" }, spec: { containers: [{ name: "c", image: "other" }] } }
    const observed = { configuration: { ...own, spec: { template } }, revisions: [revision("hello-one", "True")] }
    const { revision: made, status } = decide(observed as never, nowMs)
    expect(made).toBeUndefined()
    expect(readyOf(status)).toMatchObject({ status: "False", message: expect.stringContaining("already exists") })
  })

  it("says why its revision could not be made", () => {
    const refusal = "admission webhook denied the request: no"
    const { status, news } = decide({ configuration: configuration(), revisions: [], refusal }, nowMs)
    const message = `Revision creation failed with message: ${refusal}.`
    expect(readyOf(status)).toMatchObject({ status: "False", reason: "RevisionFailed", message })
    expect(status.latestCreatedRevisionName).toBeUndefined()
    expect(news).toEqual([])
  })

  it("says that the revision was deleted that traffic goes to, until another is ready", () => {
    const before = configuration("True", { latestReadyRevisionName: "hello-00001" }, 2)
    const gone = decide({ configuration: before, revisions: [revision("hello-00002", "Unknown")] }, nowMs)
    expect(readyOf(gone.status)).toMatchObject({
      reason: "RevisionDeleted",
      message: 'Revision "hello-00001" was deleted.',
    })
    const next = decide({ configuration: before, revisions: [revision("hello-00002", "True")] }, nowMs)
    expect(readyOf(next.status)).toMatchObject({ status: "True" })
  })

  it("tells of its first ready revision, of each newer one, and of one that fails", () => {
    const first = revision("hello-00001", "True")
    const reasons = (before: Parameters<typeof decide>[0]["configuration"], ...revisions: (typeof first)[]) =>
      decide({ configuration: before, revisions }, nowMs).news.map(({ reason, message }) => `${reason}: ${message}`)
    expect(reasons(configuration(), first)).toEqual([
      "ConfigurationReady: Configuration becomes ready",
      'LatestReadyUpdate: LatestReadyRevisionName updated to "hello-00001"',
    ])
    const ready = configuration("True", { latestReadyRevisionName: "hello-00001" }, 2)
    expect(reasons(ready, first, revision("hello-00002", "True"))).toEqual([
      'LatestReadyUpdate: LatestReadyRevisionName updated to "hello-00002"',
    ])
    const failing = [first, revision("hello-00002", "False")]
    expect(reasons(ready, ...failing)).toEqual([
      'LatestCreatedFailed: Latest created revision "hello-00002" has failed',
    ])
    const { status } = decide({ configuration: ready, revisions: failing }, nowMs)
    expect(reasons({ ...ready, status } as typeof ready, ...failing)).toEqual([])
  })
})
