import type { Revision } from "@wick/sdk/api/serving/revision"
import { describe, expect, it } from "vitest"
import { config, configuration, nowMs, readyOf, revision, route } from "../../testing/objects.ts"
import { decide } from "./decide.ts"

const byName = (...revisions: Revision[]) => new Map(revisions.map((each) => [each.metadata.name, each]))
const ready = new Map([["hello", configuration("True", { latestReadyRevisionName: "hello-00002" })]])

describe("a route", () => {
  it("leads to the newest ready revision at a URL with the gateway's port", () => {
    const observed = {
      route: route(),
      configurations: ready,
      revisions: byName(revision("hello-00002", "True")),
      config,
    }
    const status = decide(observed, nowMs)
    expect(status.url).toBe("http://hello.default.wick.localhost:8080")
    expect(status.traffic).toEqual([{ revisionName: "hello-00002", latestRevision: true, percent: 100 }])
    expect(readyOf(status)).toMatchObject({ status: "True" })
  })

  it("gives a tag a URL of its own", () => {
    const traffic = [{ revisionName: "hello-00001", percent: 100, tag: "old" }]
    const revisions = byName(revision("hello-00001", "True"))
    const observed = { route: { ...route(), spec: { traffic } } as never, configurations: ready, revisions, config }
    expect(decide(observed, nowMs).traffic).toMatchObject([
      { tag: "old", url: "http://old-hello.default.wick.localhost:8080" },
    ])
  })

  it("keeps sending requests where they went while a target is not ready", () => {
    const before = [{ revisionName: "hello-00001", percent: 100 }]
    const failed = byName(revision("hello-00001", "True"), revision("hello-00002", "False"))
    const spec = { traffic: [{ revisionName: "hello-00002", percent: 100 }] }
    const observed = {
      route: { ...route("True", { traffic: before }), spec } as never,
      configurations: ready,
      revisions: failed,
      config,
    }
    const status = decide(observed, nowMs)
    expect(status.traffic).toEqual(before)
    expect(readyOf(status)).toMatchObject({
      reason: "RevisionMissing",
      message: 'Revision "hello-00002" failed to become ready.',
    })
  })

  it("says which revision does not exist", () => {
    const spec = { traffic: [{ revisionName: "gone", percent: 100 }] }
    const observed = { route: { ...route(), spec } as never, configurations: ready, revisions: byName(), config }
    expect(readyOf(decide(observed, nowMs))).toMatchObject({
      status: "False",
      message: 'Revision "gone" referenced in traffic not found.',
    })
  })

  it("for the cluster alone has a cluster's URL", () => {
    const local = route()
    const metadata = { ...local.metadata, labels: { "networking.knative.dev/visibility": "cluster-local" } }
    const observed = {
      route: { ...local, metadata } as never,
      configurations: ready,
      revisions: byName(revision("hello-00002", "True")),
      config,
    }
    expect(decide(observed, nowMs).url).toBe("http://hello.default.svc.cluster.local")
  })
})
