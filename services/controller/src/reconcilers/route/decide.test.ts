import type { Service } from "@wick/sdk/api/core/service"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { readConfig } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import { describe, expect, it } from "vitest"
import { config, configuration, nowMs, readyOf, revision, route } from "../../testing/objects.ts"
import { decide, type Observed } from "./decide.ts"

const byName = (...revisions: Revision[]) => new Map(revisions.map((each) => [each.metadata.name, each]))

function observed(overrides: Partial<Observed> = {}): Observed {
  return {
    route: route(),
    configurations: new Map([["hello", configuration("True", { latestReadyRevisionName: "hello-00002" })]]),
    revisions: byName(revision("hello-00001", "True"), revision("hello-00002", "True")),
    services: [],
    ingress: undefined,
    certificates: { get: () => undefined, own: [], wildcards: [] },
    config,
    ...overrides,
  }
}

const withTraffic = (...traffic: object[]): Route => ({ ...route(), spec: { traffic } }) as unknown as Route
const withLabels = (labels: Record<string, string>): Route => {
  const plain = route()
  return { ...plain, metadata: { ...plain.metadata, labels } }
}

/** As the API has it once a plan is carried out, and the gateways say this of it. */
function stored(ingress: unknown, ready?: "True" | "False", generation = 1): Ingress {
  const made = ingress as Ingress
  const conditions = [
    { type: "Ready", status: ready, ...(ready === "False" && { reason: "HostConflict", message: "no" }) },
  ]
  return {
    ...made,
    metadata: { ...made.metadata, uid: "uid-ingress", resourceVersion: "1", generation },
    ...(ready && { status: { observedGeneration: generation, conditions } }),
  } as unknown as Ingress
}

/** What is told once the gateways serve what was planned. */
function served(overrides: Partial<Observed> = {}) {
  const first = decide(observed(overrides), nowMs)
  return decide(observed({ ...overrides, ingress: stored(first.ingress, "True") }), nowMs).status
}

const hosts = (ingress: unknown) =>
  (ingress as Ingress).spec.rules?.map((rule) => `${rule.visibility} ${rule.hosts?.at(-1)}`)

describe("a route", () => {
  it("leads to the newest ready revision at a URL with the gateway's port", () => {
    const status = served()
    expect(status.url).toBe("http://hello.default.wick.localhost:8080")
    expect(status.traffic).toEqual([{ revisionName: "hello-00002", latestRevision: true, percent: 100 }])
    expect(readyOf(status)).toMatchObject({ status: "True" })
  })

  it("gives a tag a URL of its own", () => {
    const tagged = withTraffic({ revisionName: "hello-00001", percent: 100, tag: "old" })
    expect(served({ route: tagged }).traffic).toMatchObject([
      { tag: "old", url: "http://old-hello.default.wick.localhost:8080" },
    ])
  })

  it("says that its configuration is missing, but waits for one that a service is about to make", () => {
    const ofNobody = withTraffic({ configurationName: "hello", latestRevision: true, percent: 100 })
    delete ofNobody.metadata.ownerReferences
    const message = 'Configuration "hello" referenced in traffic not found.'
    const without = { configurations: new Map() }
    const alone = readyOf(decide(observed({ ...without, route: ofNobody }), nowMs).status)
    expect(alone).toMatchObject({ status: "False", reason: "ConfigurationMissing", message })
    const owned = readyOf(decide(observed({ ...without, route: route() }), nowMs).status)
    expect(owned).toMatchObject({ status: "Unknown", reason: "ConfigurationMissing", message })
  })

  it("keeps sending requests where they went while a target is not ready", () => {
    const before = [{ revisionName: "hello-00001", percent: 100 }]
    const { status, ingress } = decide(
      observed({
        route: { ...route("True", { traffic: before }), spec: withTraffic({ revisionName: "hello-00002" }).spec },
        revisions: byName(revision("hello-00001", "True"), revision("hello-00002", "False")),
      }),
      nowMs,
    )
    expect(status.traffic).toEqual(before)
    expect(ingress).toBeUndefined()
    expect(readyOf(status)).toMatchObject({
      reason: "RevisionMissing",
      message: 'Revision "hello-00002" failed to become ready.',
    })
  })

  it("says which revision does not exist", () => {
    const { status } = decide(observed({ route: withTraffic({ revisionName: "gone", percent: 100 }) }), nowMs)
    expect(readyOf(status)).toMatchObject({
      status: "False",
      message: 'Revision "gone" referenced in traffic not found.',
    })
  })

  it("of a service does not lead to another service's revision", () => {
    const foreign = revision("other-00001", "True")
    const metadata = { ...foreign.metadata, labels: { "serving.knative.dev/service": "other" } }
    const own = withTraffic({ revisionName: "other-00001", percent: 100 })
    const { status, ingress } = decide(
      observed({
        route: { ...own, metadata: { ...own.metadata, labels: { "serving.knative.dev/service": "hello" } } },
        revisions: byName({ ...foreign, metadata }),
      }),
      nowMs,
    )
    expect(readyOf(status)).toMatchObject({ status: "False", reason: "RevisionNotOwned" })
    expect(ingress).toBeUndefined()
  })

  it("is not ready before the gateways serve its present generation", () => {
    const { ingress, status } = decide(observed(), nowMs)
    expect(readyOf(status)).toMatchObject({ status: "Unknown", reason: "IngressNotConfigured" })
    const seen = observed({ ingress: stored(ingress) })
    expect(readyOf(decide(seen, nowMs).status)).toMatchObject({ status: "Unknown", reason: "IngressNotConfigured" })
    const moved = observed({
      ingress: stored(ingress, "True"),
      route: withTraffic({ revisionName: "hello-00001", percent: 100 }),
    })
    expect(readyOf(decide(moved, nowMs).status)).toMatchObject({ status: "Unknown", reason: "IngressNotConfigured" })
  })

  it("says what is wrong with its ingress", () => {
    const { ingress } = decide(observed(), nowMs)
    const { status } = decide(observed({ ingress: stored(ingress, "False") }), nowMs)
    expect(readyOf(status)).toMatchObject({ status: "False", reason: "HostConflict", message: "no" })
  })

  it("writes nothing a second time", () => {
    const { ingress } = decide(observed(), nowMs)
    expect(decide(observed({ ingress: stored(ingress, "True") }), nowMs).ingress).toBeUndefined()
  })

  it("does not touch an ingress of its name that is somebody else's", () => {
    const foreign = stored({ metadata: { name: "hello", namespace: "default" }, spec: {} }, "True")
    const { ingress, status } = decide(observed({ ingress: foreign }), nowMs)
    expect(ingress).toBeUndefined()
    expect(readyOf(status)).toMatchObject({
      reason: "NotOwned",
      message: 'There is an existing Ingress "hello" that we do not own.',
    })
  })
})

describe("a name of a route", () => {
  it("is for the cluster alone when the route says so", () => {
    const local = withLabels({ "networking.knative.dev/visibility": "cluster-local" })
    const { status, ingress } = decide(observed({ route: local }), nowMs)
    expect(status.url).toBe("http://hello.default.svc.cluster.local")
    expect(hosts(ingress)).toEqual(["ClusterLocal hello.default.svc.cluster.local"])
  })

  it("is for the cluster alone when the placeholder Service of the tag says so", () => {
    const tagged = withTraffic(
      { revisionName: "hello-00002", percent: 100 },
      { revisionName: "hello-00001", percent: 0, tag: "old" },
    )
    const [, made] = decide(observed({ route: tagged }), nowMs).placeholders.create
    const labels = { ...made?.metadata.labels, "networking.knative.dev/visibility": "cluster-local" }
    const service = { ...made, metadata: { ...made?.metadata, labels } } as unknown as Service
    const { status, ingress, placeholders } = decide(observed({ route: tagged, services: [service] }), nowMs)
    expect(hosts(ingress)).toEqual([
      "ClusterLocal hello.default.svc.cluster.local",
      "ExternalIP hello.default.wick.localhost",
      "ClusterLocal old-hello.default.svc.cluster.local",
    ])
    expect(status.traffic?.[1]?.url).toBe("http://old-hello.default.svc.cluster.local")
    expect(placeholders.update).toEqual([])
  })

  it("is made as operators say", () => {
    const own = readConfig({
      "config-domain": { "example.com": "", "example.org": "selector:\n  app: nonprofit" },
      "config-network": {
        "domain-template": "{{.Name}}-{{.Namespace}}.{{.Domain}}",
        "tag-template": "{{.Name}}-{{.Tag}}",
      },
    })
    const labelled = withLabels({ app: "nonprofit" })
    const spec = { traffic: [{ revisionName: "hello-00001", percent: 100, tag: "old" }] }
    const status = served({ config: own, route: { ...labelled, spec } })
    expect(status.url).toBe("http://hello-default.example.org")
    expect(status.traffic?.[0]?.url).toBe("http://hello-old-default.example.org")
  })
})

describe("a placeholder Service", () => {
  const tagged = withTraffic({ revisionName: "hello-00001", percent: 100, tag: "old" })

  it("is made for the route and for each tag, and leads to the gateway", () => {
    const { create } = decide(observed({ route: tagged }), nowMs).placeholders
    expect(create.map(({ metadata }) => metadata.name)).toEqual(["hello", "old-hello"])
    expect(create[0]).toMatchObject({
      metadata: {
        labels: { "serving.knative.dev/route": "hello" },
        ownerReferences: [{ kind: "Route", name: "hello" }],
      },
      spec: { type: "ExternalName", externalName: "wick-gateway-local.knative-serving.svc.cluster.local" },
    })
  })

  it("leads to the gateway that the ingress names, when that is another's", () => {
    const made = decide(observed(), nowMs)
    const privateLoadBalancer = { ingress: [{ domainInternal: "local.istio-system.svc.cluster.local" }] }
    const ingress = { ...stored(made.ingress, "True"), status: { privateLoadBalancer } } as unknown as Ingress
    const services = made.placeholders.create as unknown as Service[]
    const { update } = decide(observed({ services, ingress }), nowMs).placeholders
    expect(update.map(({ spec }) => spec.externalName)).toEqual(["local.istio-system.svc.cluster.local"])
  })

  it("goes with its tag", () => {
    const services = decide(observed({ route: tagged }), nowMs).placeholders.create as unknown as Service[]
    const { create, update, remove } = decide(observed({ services }), nowMs).placeholders
    expect({ create, update, remove }).toEqual({ create: [], update: [], remove: ["old-hello"] })
  })

  it("that is another route's or a user's Service is left alone, and the route says so", () => {
    const theirs = { metadata: { name: "old-hello", namespace: "default" }, spec: {} } as unknown as Service
    const { placeholders, ingress, status } = decide(observed({ route: tagged, services: [theirs] }), nowMs)
    expect(placeholders.update).toEqual([])
    expect(placeholders.remove).toEqual([])
    expect(ingress).toBeUndefined()
    expect(readyOf(status)).toMatchObject({
      status: "False",
      reason: "NotOwned",
      message: 'There is an existing placeholder Service "old-hello" that we do not own.',
    })
  })
})

describe("a gradual rollout", () => {
  const annotated = (name = "rollout-duration"): Route => {
    const plain = route()
    const annotations = { [`serving.knative.dev/${name}`]: "1m40s" }
    return { ...plain, metadata: { ...plain.metadata, annotations } }
  }
  const latest = (name: string) => new Map([["hello", configuration("True", { latestReadyRevisionName: name })]])
  const old = observed({ route: annotated(), configurations: latest("hello-00001") })

  it("is asked for in the older spelling too", () => {
    const asked = { ...old, route: annotated("rolloutDuration") }
    const before = stored(decide(asked, nowMs).ingress, "True")
    const begun = decide({ ...asked, configurations: latest("hello-00002"), ingress: before }, nowMs)
    expect(begun.status.traffic).toMatchObject([{ percent: 99 }, { percent: 1 }])
  })

  it("begins with one percent and tells of both revisions until it is over", () => {
    const before = stored(decide(old, nowMs).ingress, "True")
    const begun = decide({ ...old, configurations: latest("hello-00002"), ingress: before }, nowMs)
    expect(begun.status.traffic).toEqual([
      { revisionName: "hello-00001", latestRevision: false, percent: 99 },
      { revisionName: "hello-00002", latestRevision: true, percent: 1 },
    ])
    const ingress = stored(begun.ingress, "True", 2)
    const known = decide({ ...old, configurations: latest("hello-00002"), ingress }, nowMs + 1_000)
    expect(readyOf(known.status)).toMatchObject({ status: "Unknown", reason: "RolloutInProgress" })
    expect(known.wakeAtMs).toBe(nowMs + 2_000)
    const next = { ...old, configurations: latest("hello-00002"), ingress: stored(known.ingress, "True", 3) }
    expect(decide(next, nowMs + 2_000).status.traffic).toMatchObject([{ percent: 98 }, { percent: 2 }])
  })
})
