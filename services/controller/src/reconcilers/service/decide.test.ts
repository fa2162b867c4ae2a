import { describe, expect, it } from "vitest"
import { configuration, nowMs, readyOf, route, service } from "../../testing/objects.ts"
import { decideStatus, desiredChildren } from "./decide.ts"

describe("a service", () => {
  it("wants a configuration and a route of its own name, which leads to that configuration", () => {
    const children = desiredChildren(service())
    expect(children.configuration.metadata).toMatchObject({ name: "hello", ownerReferences: [{ uid: "uid-hello" }] })
    expect(children.route.spec.traffic).toEqual([{ latestRevision: true, percent: 100, configurationName: "hello" }])
  })

  it("hands its labels down and keeps what kubectl notes for itself", () => {
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", kept: "yes" }
    const metadata = { ...service().metadata, labels: { team: "a" }, annotations }
    const { configuration: child } = desiredChildren(service({ metadata }))
    expect(child.metadata.labels).toMatchObject({ team: "a", "serving.knative.dev/service": "hello" })
    expect(child.metadata.annotations).toEqual({ kept: "yes" })
  })

  it("is ready when both are, and traffic goes to the newest ready revision", () => {
    const latest = { latestReadyRevisionName: "hello-00002", latestCreatedRevisionName: "hello-00002" }
    const traffic = [{ latestRevision: true, percent: 100, revisionName: "hello-00002" }]
    const observed = {
      service: service(),
      configuration: configuration("True", latest),
      route: route("True", { traffic }),
    }
    const status = decideStatus(observed, nowMs)
    expect(readyOf(status)).toMatchObject({ status: "True" })
    expect(status).toMatchObject({ ...latest, traffic })
  })

  it("waits until traffic has moved to the newest ready revision", () => {
    const latest = { latestReadyRevisionName: "hello-00002" }
    const traffic = [{ latestRevision: true, percent: 100, revisionName: "hello-00001" }]
    const observed = {
      service: service(),
      configuration: configuration("True", latest),
      route: route("True", { traffic }),
    }
    expect(readyOf(decideStatus(observed, nowMs))).toMatchObject({ status: "Unknown", reason: "TrafficNotMigrated" })
  })

  it("says why its newest revision failed", () => {
    const observed = { service: service(), configuration: configuration("False"), route: route("True") }
    expect(readyOf(decideStatus(observed, nowMs))).toMatchObject({ status: "False", message: "no" })
  })

  it("takes nothing from a status that is older than the child's generation", () => {
    const observed = { service: service(), configuration: configuration("True", {}, 2), route: route("True") }
    expect(readyOf(decideStatus(observed, nowMs))).toMatchObject({ status: "Unknown", reason: "OutOfDate" })
  })

  it("refuses a route of its name that is somebody else's", () => {
    const foreign = route("True")
    const observed = {
      service: service(),
      configuration: configuration("True"),
      route: { ...foreign, metadata: { ...foreign.metadata, ownerReferences: [] } },
    }
    expect(readyOf(decideStatus(observed, nowMs))).toMatchObject({ status: "False", reason: "NotOwned" })
  })
})
