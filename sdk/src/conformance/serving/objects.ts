import { Deployment } from "../../api/apps/deployment.ts"
import { Configuration } from "../../api/serving/configuration.ts"
import { Revision } from "../../api/serving/revision.ts"
import { Route } from "../../api/serving/route.ts"
import { Service } from "../../api/serving/service.ts"
import { equal, holds, includes, says } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import {
  configurations,
  deploy,
  functionOf,
  functionPatienceMs,
  nowhere,
  revisions,
  routes,
  services,
} from "./functions.ts"

/** S1–S18, S150: the objects, their children, and who made them. */
export const objects: Statement = (it) => {
  const kinds: readonly (readonly [string, string, string, readonly string[]])[] = [
    ["serving.knative.dev/v1", "services", "Service", ["ksvc", "kservice"]],
    ["serving.knative.dev/v1", "configurations", "Configuration", ["cfg", "config"]],
    ["serving.knative.dev/v1", "revisions", "Revision", ["rev"]],
    ["serving.knative.dev/v1", "routes", "Route", ["rt"]],
    ["serving.knative.dev/v1beta1", "domainmappings", "DomainMapping", ["dm"]],
    ["autoscaling.internal.knative.dev/v1alpha1", "podautoscalers", "PodAutoscaler", ["pa", "kpa"]],
    ["autoscaling.internal.knative.dev/v1alpha1", "metrics", "Metric", []],
    ["networking.internal.knative.dev/v1alpha1", "ingresses", "Ingress", ["king", "kingress"]],
    ["networking.internal.knative.dev/v1alpha1", "serverlessservices", "ServerlessService", ["sks"]],
    ["networking.internal.knative.dev/v1alpha1", "certificates", "Certificate", ["kcert"]],
    ["networking.internal.knative.dev/v1alpha1", "clusterdomainclaims", "ClusterDomainClaim", ["cdc"]],
    ["caching.internal.knative.dev/v1alpha1", "images", "Image", ["img"]],
  ]
  for (const [version, plural, kind, shortNames] of kinds) {
    it(`S1: ${kind} is served as ${plural} of ${version}`, async ({ wire }) => {
      const { body } = await wire("GET", `/apis/${version}`)
      const found = body.resources.find(({ name }: { name: string }) => name === plural)
      includes(found ?? {}, { kind, namespaced: kind !== "ClusterDomainClaim" })
      equal([...(found.shortNames ?? [])].toSorted(), shortNames.toSorted())
    })
  }

  const columns: readonly (readonly [string, readonly string[]])[] = [
    [services, ["Name", "URL", "LatestCreated", "LatestReady", "Ready", "Reason"]],
    [configurations, ["Name", "LatestCreated", "LatestReady", "Ready", "Reason"]],
    [revisions, ["Name", "Config Name", "Generation", "Ready", "Reason", "Actual Replicas", "Desired Replicas"]],
    [routes, ["Name", "URL", "Ready", "Reason"]],
    ["serving.knative.dev/v1beta1 domainmappings", ["Name", "URL", "Ready", "Reason"]],
  ]
  for (const [resource, wanted] of columns) {
    it(`S2: a table of ${resource.split(" ")[1]} has Knative's columns`, async ({ wire, path }) => {
      const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }
      const { body } = await wire("GET", path(resource), undefined, { headers })
      const names = body.columnDefinitions.map(({ name }: { name: string }) => name)
      equal(
        names.filter((name: string) => wanted.includes(name)),
        wanted,
      )
    })
  }

  it("S3: a Service owns a Configuration and a Route of its name", async ({ wire, path, client, namespace }) => {
    const { body: made } = await wire("POST", path(services), functionOf("a", nowhere))
    for (const kind of [Configuration, Route]) {
      const child = await becomes(client, kind, { name: "a", namespace }, (found) => found !== undefined)
      const owner = {
        apiVersion: "serving.knative.dev/v1",
        kind: "Service",
        name: "a",
        uid: made.metadata.uid,
        controller: true,
      }
      includes(child?.metadata.ownerReferences?.[0] ?? {}, owner)
    }
  })

  it("S4: status is a subresource of its own", async ({ wire, path }) => {
    const { body } = await wire("POST", path(services), functionOf("a", nowhere))
    const said = { ...body, spec: { ...body.spec, traffic: [] }, metadata: { ...body.metadata, labels: { mine: "x" } } }
    const { body: after, text } = await wire("PUT", path(services, "/a/status"), said)
    holds(after.spec, text)
    equal(after.spec.traffic.length, 1)
    equal(after.metadata.annotations?.mine, undefined)
  })

  it("S2: the row of a revision tells its configuration and generation", async ({ client, namespace, wire, path }) => {
    await wire("POST", path(services), functionOf("a", nowhere))
    await becomes(client, Revision, { name: "a-00001", namespace }, (revision) => revision !== undefined)
    const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }
    const { body } = await wire("GET", path(revisions), undefined, { headers })
    equal(body.rows[0].cells.slice(0, 3), ["a-00001", "a", "1"])
  })

  it("S13: the first revision is named a-00001, its deployment and autoscaler after it", async (world) => {
    const { client, namespace, wire, path } = world
    await wire("POST", path(services), functionOf("a", nowhere))
    await becomes(client, Revision, { name: "a-00001", namespace }, (revision) => revision !== undefined)
    await eventually(world.clock, async () => {
      const { code } = await wire("GET", path("autoscaling.internal.knative.dev/v1alpha1 podautoscalers", "/a-00001"))
      equal(code, 200)
    })
    await becomes(
      client,
      Deployment,
      { name: "a-00001-deployment", namespace },
      (deployment) => deployment !== undefined,
    )
  })

  it("S13: names that would be too long keep their beginning, and a hash", async (world) => {
    const { client, namespace, wire, path } = world
    const name = "n".repeat(63)
    const made = await wire("POST", path(services), functionOf(name, nowhere))
    equal(made.code, 201, made.text)
    const isNamed = (revision: string | undefined): boolean => /^n{25}[0-9a-f]{32}-00001$/.test(revision ?? "")
    await becomes(client, Configuration, { name, namespace }, (found) =>
      isNamed(found?.status?.latestCreatedRevisionName),
    )
    await eventually(world.clock, async () => {
      const { items } = await client.list(Deployment, { namespace })
      equal(items.length, 1)
      holds(
        /^n+[0-9a-f]{32}-deployment$/.test(items[0]?.metadata.name ?? ""),
        "the Deployment is named after the Revision",
      )
    })
  })

  it("S13: a revision whose name an imported one has is given another", async (world) => {
    const { wire, path, patch, client, namespace } = world
    const imported = { apiVersion: "serving.knative.dev/v1", kind: "Revision", metadata: { name: "a-00002" } }
    const elsewhere = nowhere.replace("nothing", "other")
    const made = await wire("POST", path(revisions), { ...imported, spec: { containers: [{ image: elsewhere }] } })
    equal(made.code, 201, made.text)
    await wire("POST", path(services), functionOf("a", nowhere))
    const created = (name: string) =>
      becomes(
        client,
        Configuration,
        { name: "a", namespace },
        (found) => found?.status?.latestCreatedRevisionName === name,
      )
    await created("a-00001")
    const containers = [{ image: nowhere, env: [{ name: "VERSION", value: "2" }] }]
    await patch("merge", path(services, "/a"), { spec: { template: { spec: { containers } } } })
    await created("a-00002-2")
  })

  it("S14: generateName names a Service, and its children follow", async ({ wire, path, client, namespace }) => {
    const manifest = { ...functionOf("", nowhere), metadata: { generateName: "made-" } }
    const { body, code } = await wire("POST", path(services), manifest)
    equal(code, 201)
    const { name } = body.metadata
    says(name, /^made-[a-z0-9]{5}$/)
    await becomes(client, Revision, { name: `${name}-00001`, namespace }, (revision) => revision !== undefined)
  })

  it("S15: only what changes the template makes a revision", async ({ wire, path, patch, client, namespace }) => {
    await wire("POST", path(services), functionOf("a", nowhere))
    await becomes(client, Revision, { name: "a-00001", namespace }, (revision) => revision !== undefined)
    await patch("merge", path(services, "/a"), { metadata: { labels: { mine: "x" } } })
    await becomes(client, Configuration, { name: "a", namespace }, (found) => found?.metadata.labels?.mine === "x")
    await patch("merge", path(services, "/a"), { spec: { template: { metadata: { labels: { mine: "x" } } } } })
    await becomes(client, Revision, { name: "a-00002", namespace }, (revision) => revision !== undefined)
    const { body } = await wire("GET", path(revisions))
    equal(body.items.length, 2)
  })

  it("S150: what a Service no longer has, its Configuration and Route no longer have", async (world) => {
    const { wire, path, patch, client, namespace } = world
    const labels = { "networking.knative.dev/visibility": "cluster-local" }
    await wire("POST", path(services), functionOf("a", nowhere, { metadata: { labels, annotations: { mine: "x" } } }))
    const children = async (has: boolean): Promise<void> => {
      for (const kind of [Configuration, Route]) {
        await becomes(client, kind, { name: "a", namespace }, (child) => {
          const { annotations, labels: noted } = child?.metadata ?? {}
          return "mine" in (annotations ?? {}) === has && (Object.keys(labels)[0] as string) in (noted ?? {}) === has
        })
      }
    }
    await children(true)
    const gone = { labels: { "networking.knative.dev/visibility": null }, annotations: { mine: null } }
    await patch("merge", path(services, "/a"), { metadata: gone })
    await children(false)
    // What is noted at them beside is kept.
    await eventually(world.clock, async () => {
      const { body } = await wire("GET", path(configurations, "/a"))
      equal(body.metadata.annotations["serving.knative.dev/routes"], "a")
    })
  })

  it.withFunctions(
    "S13: a template that goes back to a revision's name makes none: that one is the latest",
    async (world) => {
      const traffic = (revisionName: string) => [{ revisionName, percent: 100 }]
      await deploy(world, "a", { template: { name: "a-old" }, traffic: traffic("a-old") })
      await deploy(world, "a", { template: { name: "a-new" }, traffic: traffic("a-new") })
      const { status } = await deploy(world, "a", { template: { name: "a-old" }, traffic: traffic("a-old") })
      equal([status.latestCreatedRevisionName, status.latestReadyRevisionName], ["a-old", "a-old"])
      equal(status.traffic, [{ revisionName: "a-old", latestRevision: false, percent: 100 }])
      equal((await world.wire("GET", world.path(revisions))).body.items.length, 2)
    },
  )

  it.withFunctions("S16: what a Service made goes with it, in the foreground too", async (world) => {
    const { wire, path, client, namespace } = world
    await deploy(world, "a")
    await wire("DELETE", path(services, "/a?propagationPolicy=Foreground"))
    // Its pods end first.
    await becomes(client, Service, { name: "a", namespace }, (service) => service === undefined, functionPatienceMs)
    for (const resource of [configurations, routes, revisions, "apps/v1 deployments"]) {
      equal((await wire("GET", path(resource))).body.items, [], resource)
    }
  })

  it("S18: who made a Service and who changed it last is noted, and is not for others to say", async (world) => {
    const { wire, path, patch } = world
    const { body } = await wire("POST", path(services), functionOf("a", nowhere))
    const { "serving.knative.dev/creator": creator, "serving.knative.dev/lastModifier": modifier } =
      body.metadata.annotations
    holds(creator && creator === modifier, `creator ${creator}, last modifier ${modifier}`)
    const somebody = { as: { kind: "impersonated", user: "somebody", groups: ["system:masters"] } } as const
    const change = { spec: { template: { metadata: { annotations: { mine: "x" } } } } }
    const { body: after } = await patch("merge", path(services, "/a"), change, somebody)
    includes(after.metadata.annotations, {
      "serving.knative.dev/creator": creator,
      "serving.knative.dev/lastModifier": "somebody",
    })
    const lie = { metadata: { annotations: { "serving.knative.dev/creator": "somebody" } } }
    const { code } = await patch("merge", path(services, "/a"), lie)
    equal(code, 400)
  })
}
