import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service as CoreService } from "@wick/sdk/api/core/service"
import { crd } from "@wick/sdk/api/crd"
import type { Kind, KindOf, NewOf } from "@wick/sdk/api/kind"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { type Client, createClient, type FetchWrapper } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createEventRecorder, createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { describe, expect, it } from "vitest"
import { startConfigurationController } from "./configuration/reconcile.ts"
import type { Context } from "./context.ts"
import { startDomainMappingController } from "./domain-mapping/reconcile.ts"
import { startLabeler } from "./labeler/reconcile.ts"
import { startRevisionController } from "./revision/reconcile.ts"
import { startRouteController } from "./route/reconcile.ts"
import { startServiceController } from "./service/reconcile.ts"

const namespace = "default"
const apiVersion = "serving.knative.dev/v1"
/** By its digest: no registry is asked. */
const image = `registry.test/hello@sha256:${"0".repeat(64)}`
const spec = { containers: [{ name: "user-container", image }] }
const kinds = [Certificate, ClusterDomainClaim, Configuration, DomainMapping, Image, Ingress, PodAutoscaler, Revision]

interface Scene extends AsyncDisposable {
  readonly client: Client
  readonly context: Context
}

async function startScene(around: FetchWrapper = (next) => next): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const { client, server } = undo.use(await startTestApi())
  for (const kind of [...kinds, Route, Service]) await client.create(CustomResourceDefinition, crd(kind))
  for (const name of [namespace, "knative-serving"]) {
    await client.create(Namespace, { metadata: { name } }).catch(() => {})
  }
  const own = createClient({ fetch: around(server.fetchAs({ name: "controller", groups: ["system:masters"] })) })
  const world = { client: own, clock: systemClock, log: silentLog }
  const informers = undo.use(createInformers(own, systemClock, silentLog))
  const events = undo.use(createEventRecorder({ ...world, component: "test" }))
  const registries = { plain: [], authorityFiles: [] }
  const context = { ...world, informers, events, registries, config: watchConfig(informers) }
  const running = undo.move()
  return { client, context, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

type Conditioned = { readonly status?: { readonly conditions?: readonly { type: string; reason?: string }[] } }

/** Why the object is not ready; empty where it is, or has not said. */
async function reasonOf<K extends Kind>(client: Client, kind: K, name: string, type = "Ready"): Promise<string> {
  const { status } = (await client.get(kind, { name, namespace })) as KindOf<K> & Conditioned
  return status?.conditions?.find((each) => each.type === type)?.reason ?? ""
}

async function ownersOf<K extends Kind>(client: Client, kind: K, name: string): Promise<string[]> {
  const found = await client.get(kind, { name, namespace }).catch(() => undefined)
  return found?.metadata.ownerReferences?.map(({ kind: of }) => of) ?? []
}

const mapped = (name: string, target: string): NewOf<typeof DomainMapping> => ({
  metadata: { name, namespace },
  spec: { ref: { apiVersion: "v1", kind: "Service", name: target } },
})

describe("a name that was somebody else's is taken once it is free:", () => {
  it("a revision's, which its template has chosen", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    await client.create(Revision, { metadata: { name: "chosen", namespace }, spec })
    await using _running = startConfigurationController(context)
    const template = { metadata: { name: "chosen" }, spec }
    await client.create(Configuration, { metadata: { name: "hello", namespace }, spec: { template } })
    await expect.poll(() => reasonOf(client, Configuration, "hello")).toBe("RevisionFailed")
    await client.delete(Revision, { name: "chosen", namespace })
    await expect.poll(() => ownersOf(client, Revision, "chosen")).toEqual(["Configuration"])
  })

  it("a configuration's, which another service owns", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    const other = { apiVersion, kind: "Service", name: "other", uid: "other", controller: true }
    const metadata = { name: "hello", namespace, ownerReferences: [other] }
    await client.create(Configuration, { metadata, spec: { template: { spec } } })
    await using _running = startServiceController(context)
    await client.create(Service, { metadata: { name: "hello", namespace }, spec: { template: { spec } } })
    await expect.poll(() => reasonOf(client, Service, "hello", "ConfigurationsReady")).toBe("NotOwned")
    await client.delete(Configuration, { name: "hello", namespace })
    await expect.poll(() => reasonOf(client, Service, "hello", "ConfigurationsReady")).not.toBe("NotOwned")
  })

  it("a pod autoscaler's", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "theirs" }
    const theirs = { metadata: { name: "one", namespace }, spec: { scaleTargetRef, protocolType: "http1" } }
    await client.create(PodAutoscaler, theirs as NewOf<typeof PodAutoscaler>)
    await using _running = startRevisionController(context)
    await client.create(Revision, { metadata: { name: "one", namespace }, spec })
    await expect.poll(() => reasonOf(client, Revision, "one", "ResourcesAvailable")).toBe("NotOwned")
    await client.delete(PodAutoscaler, { name: "one", namespace })
    await expect.poll(() => ownersOf(client, PodAutoscaler, "one")).toEqual(["Revision"])
  })

  it("an Ingress', of a route and of a domain", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    const owner = (kind: string) => ({ apiVersion, kind, name: "other", uid: "other", controller: true })
    for (const [name, kind] of [["hello", "Route"] as const, ["www.example.com", "DomainMapping"] as const]) {
      const metadata = { name, namespace, ownerReferences: [owner(kind)] }
      await client.create(Ingress, { metadata, spec: {} })
    }
    await client.create(CoreService, { metadata: { name: "plain", namespace }, spec: { ports: [{ port: 80 }] } })
    const claim = { metadata: { name: "www.example.com" }, spec: { namespace } }
    await client.create(ClusterDomainClaim, claim as NewOf<typeof ClusterDomainClaim>)
    const revision = { metadata: { name: "one", namespace }, spec }
    await client.create(Revision, revision)
    const ready = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] }
    await client.patch(
      Revision,
      { name: "one", namespace },
      { type: "merge", body: { status: ready } },
      { subresource: "status" },
    )
    await using _routes = startRouteController(context)
    await using _domains = startDomainMappingController(context)
    const traffic = [{ revisionName: "one", percent: 100 }]
    await client.create(Route, { metadata: { name: "hello", namespace }, spec: { traffic } })
    await client.create(DomainMapping, mapped("www.example.com", "plain"))
    await expect.poll(() => reasonOf(client, Route, "hello", "IngressReady")).toBe("NotOwned")
    await expect.poll(() => reasonOf(client, DomainMapping, "www.example.com", "IngressReady")).toBe("NotOwned")
    for (const name of ["hello", "www.example.com"]) await client.delete(Ingress, { name, namespace })
    await expect.poll(() => ownersOf(client, Ingress, "hello")).toEqual(["Route"])
    await expect.poll(() => ownersOf(client, Ingress, "www.example.com")).toEqual(["DomainMapping"])
  })
})

describe("what caches tell in another order than it happened", () => {
  it("keeps no traffic from a revision that is seen after the configuration that names it", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    await client.create(Configuration, { metadata: { name: "hello", namespace }, spec: { template: { spec } } })
    const status = { latestReadyRevisionName: "one" }
    await client.patch(
      Configuration,
      { name: "hello", namespace },
      { type: "merge", body: { status } },
      { subresource: "status" },
    )
    await using _running = startRouteController(context)
    const traffic = [{ configurationName: "hello", percent: 100 }]
    await client.create(Route, { metadata: { name: "hello", namespace }, spec: { traffic } })
    await expect.poll(() => reasonOf(client, Route, "hello")).toBe("RevisionMissing")
    const labels = { "serving.knative.dev/configuration": "hello" }
    await client.create(Revision, { metadata: { name: "one", namespace, labels }, spec })
    await expect.poll(() => ownersOf(client, Ingress, "hello")).toEqual(["Route"])
  })

  it("leaves no route noted at a configuration whose revision it led to was deleted before it went elsewhere", async () => {
    await using scene = await startScene()
    const { client, context } = scene
    const labels = { "serving.knative.dev/configuration": "hello" }
    await client.create(Configuration, { metadata: { name: "hello", namespace }, spec: { template: { spec } } })
    await client.create(Revision, { metadata: { name: "one", namespace, labels }, spec })
    const traffic = [{ revisionName: "one", percent: 100 }]
    await client.create(Route, { metadata: { name: "to-one", namespace }, spec: { traffic } })
    await using _running = startLabeler(context)
    const noted = async (): Promise<string | undefined> => {
      const { metadata } = await client.get(Configuration, { name: "hello", namespace })
      return metadata.annotations?.["serving.knative.dev/routes"]
    }
    await expect.poll(noted).toBe("to-one")
    await client.delete(Revision, { name: "one", namespace })
    await expect.poll(noted).toBeUndefined()
  })

  it("gives a domain back though the claim on it, just made, has not been seen yet", async () => {
    const blindToClaims: FetchWrapper = (next) => (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (!searchParams.has("watch") || !pathname.endsWith("/clusterdomainclaims")) return next(request)
      return new Promise((_resolve, reject) => request.signal.addEventListener("abort", reject))
    }
    await using scene = await startScene(blindToClaims)
    const { client, context } = scene
    const network = { "autocreate-cluster-domain-claims": "true" }
    await client.create(ConfigMap, {
      metadata: { name: "config-network", namespace: "knative-serving" },
      data: network,
    })
    await using _running = startDomainMappingController(context)
    await client.create(DomainMapping, mapped("www.example.com", "plain"))
    const claims = async (): Promise<number> => (await client.list(ClusterDomainClaim)).items.length
    await expect.poll(claims).toBe(1)
    await client.delete(DomainMapping, { name: "www.example.com", namespace })
    await expect.poll(async () => (await client.list(DomainMapping)).items.length).toBe(0)
    expect(await claims()).toBe(0)
  })
})
