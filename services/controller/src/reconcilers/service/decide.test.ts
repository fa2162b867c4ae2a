import { describe, expect, it } from "vitest"
import { configuration, container, nowMs, readyOf, revision, route, service } from "../../testing/objects.ts"
import { decideStatus, desiredChildren, routeTurn } from "./decide.ts"

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

  describe("whose template names its revision", () => {
    const template = { metadata: { name: "hello-one" }, spec: { containers: [container] } }
    const named = service({ spec: { template, traffic: [] } })
    const own = revision("hello-one", "True", { metadata: { ...revision("hello-00001").metadata, name: "hello-one" } })
    const foreign = { ...own, metadata: { ...own.metadata, ownerReferences: [] } }

    it("routes only once the configuration has looked, and never to a revision of that name that is another's", () => {
      const seen = configuration("True")
      expect(routeTurn(named, configuration("True", {}, 2), undefined)).toBe("later")
      expect(routeTurn(named, seen, undefined)).toBe("now")
      expect(routeTurn(named, seen, own)).toBe("now")
      expect(routeTurn(named, seen, foreign)).toBe("never")
      expect(routeTurn(service(), configuration("True", {}, 2), undefined)).toBe("now")
    })

    it("says that the name is taken", () => {
      const observed = { service: named, configuration: configuration("True"), route: route("True"), nameTaken: true }
      expect(readyOf(decideStatus(observed, nowMs))).toMatchObject({
        status: "False",
        reason: "RevisionNameTaken",
        message: 'The Revision name "hello-one" is taken by a conflicting Revision, so traffic will not be migrated',
      })
    })
  })
})
