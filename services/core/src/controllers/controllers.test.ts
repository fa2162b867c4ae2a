import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { crd } from "@wick/sdk/api/crd"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { defineKind, type NewOf } from "@wick/sdk/api/kind"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { FetchWrapper } from "@wick/sdk/client"
import { createLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import * as z from "zod"
import { atRest, startTestCluster, type TestCluster, until } from "./testing/cluster.ts"

const namespace = "default"
const labels = { app: "web" }
const web = { name: "web", namespace }

function deployment(replicas: number, image = "web:1"): NewOf<typeof Deployment> {
  const template = { metadata: { labels }, spec: { containers: [{ name: "web", image }] } }
  return { metadata: web, spec: { replicas, selector: { matchLabels: labels }, template } }
}
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
const isReason = (one: Deployment | undefined, type: string, reason: string): boolean =>
  one?.status?.conditions?.some((condition) => condition.type === type && condition.reason === reason) === true
const image = (pod: Pod): string | undefined => pod.spec.containers[0]?.image

async function deployed(cluster: TestCluster, replicas: number): Promise<void> {
  await cluster.client.create(Deployment, deployment(replicas))
  await until(cluster.informers(Deployment), ([one]) => one?.status?.availableReplicas === replicas)
  await atRest(cluster)
}

describe("a deployment", () => {
  it("becomes pods on a node, says that it is done, and then nobody writes any more", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 3)
    const pods = (await cluster.client.list(Pod, { namespace })).items
    expect(pods.map(({ spec }) => spec.nodeName)).toEqual(["node-1", "node-1", "node-1"])
    const { status, metadata } = await cluster.client.get(Deployment, web)
    expect(metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("1")
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 })
    expect(status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason])).toEqual(
      expect.arrayContaining([
        ["Available", "True", "MinimumReplicasAvailable"],
        ["Progressing", "True", "NewReplicaSetAvailable"],
      ]),
    )
    const before = cluster.writes.length
    await cluster.client.create(ConfigMap, { metadata: { name: "unrelated", namespace } })
    await cluster.client.patch(Deployment, web, { type: "merge", body: { metadata: { labels: { touched: "yes" } } } })
    await atRest(cluster)
    expect(cluster.writes.slice(before)).toEqual([])
  })

  it("that is to have no pods yet is made with few writes, and says once that it is done", async () => {
    await using cluster = await startTestCluster()
    await cluster.client.create(Deployment, deployment(0))
    await until(cluster.informers(Deployment), ([one]) => isReason(one, "Progressing", "NewReplicaSetAvailable"))
    await atRest(cluster)
    const own = cluster.writes.filter((write) => /deployments|replicasets/.test(write))
    expect(own.filter((write) => write.endsWith("/status"))).toHaveLength(2)
    expect(own).toHaveLength(4)
  })

  it("is scaled to zero and back", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 2)
    const scale = (replicas: number) =>
      cluster.client.patch(Deployment, web, { type: "merge", body: { spec: { replicas } } }, { subresource: "scale" })
    await scale(0)
    await until(cluster.informers(Pod), (pods) => pods.length === 0)
    await atRest(cluster)
    const told: (number | undefined)[] = []
    const undo = cluster.informers(Deployment).onChange(({ before, after }) => {
      const seen = after?.status?.observedGeneration
      if (seen !== before?.status?.observedGeneration) told.push(after?.status?.replicas)
    })
    told.length = 0
    const before = cluster.writes.length
    await scale(1)
    await until(cluster.informers(Pod), (pods) => pods.length === 1 && pods.every(isReady))
    await atRest(cluster)
    undo()
    // The new size is seen and its pod is counted in one write of each.
    expect(told).toEqual([1])
    const statuses = cluster.writes.slice(before).filter((write) => write.endsWith("/status"))
    expect(statuses.map((write) => write.replace(/.*\/(\w+)\/[^/]+\/status/, "$1"))).toEqual([
      "replicasets",
      "deployments",
    ])
  })

  it("rolls over to a new template and never has too few pods that serve", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 4)
    let fewest = 4
    const pods = cluster.informers(Pod)
    pods.onChange(() => {
      fewest = Math.min(fewest, pods.list().filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp).length)
    })
    await cluster.client.update(Deployment, {
      ...(await cluster.client.get(Deployment, web)),
      spec: deployment(4, "web:2").spec,
    })
    await until(pods, (all) => all.length === 4 && all.every((pod) => image(pod) === "web:2" && isReady(pod)))
    expect(fewest).toBeGreaterThanOrEqual(3)
    await atRest(cluster)
    const sets = (await cluster.client.list(ReplicaSet, { namespace })).items
    expect(sets.map(({ spec }) => spec.replicas).sort()).toEqual([0, 4])
  })

  it("keeps serving with the old pods when the new ones never become ready", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 2)
    cluster.ready = false
    const pods = cluster.informers(Pod)
    const old = pods.list().map(({ metadata }) => metadata.name)
    await cluster.client.patch(Deployment, web, {
      type: "merge",
      body: { spec: { template: { spec: { containers: [{ name: "web", image: "bad:1" }] } } } },
    })
    await until(pods, (all) => all.some((pod) => image(pod) === "bad:1" && pod.spec.nodeName !== undefined))
    await atRest(cluster)
    expect(
      pods
        .list()
        .filter(isReady)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(old.sort())
  })

  it("leaves nothing behind when it is deleted", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 5)
    await cluster.client.delete(Deployment, web)
    await until(cluster.informers(Pod), (pods) => pods.length === 0)
    await until(cluster.informers(ReplicaSet), (sets) => sets.length === 0)
  })

  it.each(["deployments", "replicasets"])("that goes while %s are being written is no trouble", async (plural) => {
    const warnings: string[] = []
    const log = createLog({ level: "warn", format: "text", now: () => 0, write: (line) => warnings.push(line) })
    let deleted = false
    const through: FetchWrapper = (next) => async (request) => {
      const { origin, pathname } = new URL(request.url)
      if (deleted || request.method !== "PATCH" || !pathname.includes(`/${plural}/`)) return next(request)
      deleted = true
      await next(new Request(origin + pathname.replace(/\/status$/, ""), { method: "DELETE" }))
      return next(request)
    }
    await using cluster = await startTestCluster({ through, log })
    await cluster.client.create(Deployment, deployment(1))
    await expect.poll(() => deleted).toBe(true)
    await cluster.client.delete(Deployment, web).catch(() => {})
    await until(cluster.informers(Deployment), (all) => all.length === 0)
    await until(cluster.informers(ReplicaSet), (all) => all.length === 0)
    await until(cluster.informers(Pod), (all) => all.length === 0)
    expect(warnings).toEqual([])
  })

  it("loses the pod that is too many though the first request that it go lost a race", async () => {
    let refusals = 0
    const through: FetchWrapper = (next) => (request) => {
      const isPods = new URL(request.url).pathname.includes("/pods/")
      if (request.method !== "DELETE" || !isPods || refusals > 0) return next(request)
      refusals++
      return Promise.resolve(
        Response.json(new StatusError("Conflict", "written meanwhile").toStatus(), { status: 409 }),
      )
    }
    await using cluster = await startTestCluster({ through })
    await deployed(cluster, 1)
    await cluster.client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 0 } } })
    await until(cluster.informers(Pod), (pods) => pods.length === 0)
    expect(refusals).toBe(1)
  })

  it("deleted in the foreground goes last", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 2)
    const order: string[] = []
    cluster.informers(Pod).onChange(({ after }) => after || order.push("pod"))
    cluster.informers(ReplicaSet).onChange(({ after }) => after || order.push("set"))
    cluster.informers(Deployment).onChange(({ after }) => after || order.push("deployment"))
    await cluster.client.delete(Deployment, web, { propagationPolicy: "Foreground" })
    await until(cluster.informers(Deployment), (all) => all.length === 0)
    expect(order).toEqual(["pod", "pod", "set", "deployment"])
  })

  it("deleted with its dependents orphaned leaves them to the next of its name", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 2)
    const before = cluster
      .informers(Pod)
      .list()
      .map(({ metadata }) => metadata.uid)
    await cluster.client.delete(Deployment, web, { propagationPolicy: "Orphan" })
    await until(cluster.informers(Deployment), (all) => all.length === 0)
    await atRest(cluster)
    const [set] = (await cluster.client.list(ReplicaSet, { namespace })).items
    expect(set?.metadata.ownerReferences ?? []).toEqual([])
    await deployed(cluster, 2)
    expect(
      cluster
        .informers(Pod)
        .list()
        .map(({ metadata }) => metadata.uid)
        .sort(),
    ).toEqual(before.sort())
  })
})

describe("the controllers", () => {
  it("started anew on a settled cluster write nothing", async () => {
    await using cluster = await startTestCluster()
    await cluster.client.create(Service, { metadata: web, spec: { selector: labels, ports: [{ port: 80 }] } })
    await deployed(cluster, 3)
    await until(cluster.informers(EndpointSlice), ([slice]) => slice?.endpoints.length === 3)
    await atRest(cluster)
    const before = cluster.writes.length
    await using _again = cluster.startLoops()
    // A deployment that is made now goes through all of them: what came before it has been looked at.
    const app = { app: "probe" }
    const template = { metadata: { labels: app }, spec: { containers: [{ name: "web", image: "web:1" }] } }
    const spec = { replicas: 1, selector: { matchLabels: app }, template }
    await cluster.client.create(Deployment, { metadata: { name: "probe", namespace }, spec })
    await until(cluster.informers(Deployment), (all) => all.every(({ status }) => (status?.availableReplicas ?? 0) > 0))
    await atRest(cluster)
    const ofProbe = /probe|^POST .*\/(pods|replicasets)$/
    expect(cluster.writes.slice(before).filter((write) => !ofProbe.test(write))).toEqual([])
  })
})

describe("a replica set", () => {
  it("replaces a pod that is deleted, and makes exactly as many as are wanted in a burst", async () => {
    await using cluster = await startTestCluster({ nodes: 2 })
    await deployed(cluster, 60)
    const created = cluster.writes.filter((write) => write === "POST /api/v1/namespaces/default/pods").length
    expect(created).toBe(60)
    const [victim] = cluster.informers(Pod).list()
    await cluster.client.delete(Pod, { name: victim?.metadata.name ?? "", namespace }, { gracePeriodSeconds: 0 })
    await until(
      cluster.informers(Pod),
      (pods) => pods.length === 60 && pods.every(isReady) && !pods.includes(victim as Pod),
    )
  })

  it("adopts a pod that its selector wants, and lets one go that it does not want any more", async () => {
    await using cluster = await startTestCluster()
    await deployed(cluster, 1)
    const [pod] = cluster.informers(Pod).list()
    const name = pod?.metadata.name ?? ""
    await cluster.client.patch(
      Pod,
      { name, namespace },
      { type: "merge", body: { metadata: { labels: { app: "other" } } } },
    )
    await until(cluster.informers(Pod), (pods) => pods.filter(isReady).length === 2)
    await atRest(cluster)
    expect((await cluster.client.get(Pod, { name, namespace })).metadata.ownerReferences ?? []).toEqual([])
  })
})

describe("a service", () => {
  const service = { metadata: web, spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: 8080 }] } }

  it("has endpoints that follow its pods, and takes them along when it goes", async () => {
    await using cluster = await startTestCluster()
    await cluster.client.create(Service, service)
    await deployed(cluster, 2)
    const slices = cluster.informers(EndpointSlice)
    const ready = (all: EndpointSlice[]): number =>
      all.flatMap(({ endpoints }) => endpoints).filter(({ conditions }) => conditions.ready).length
    await until(slices, (all) => ready(all) === 2)
    const [slice] = slices.list()
    expect(slice?.ports).toEqual([{ name: "http", protocol: "TCP", port: 8080 }])
    await until(cluster.informers(Endpoints), ([one]) => one?.subsets?.[0]?.addresses?.length === 2)
    await cluster.client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 1 } } })
    await until(slices, (all) => all.flatMap(({ endpoints }) => endpoints).length === 1)
    await cluster.client.delete(Service, web)
    await until(slices, (all) => all.length === 0)
    await until(cluster.informers(Endpoints), (all) => all.length === 0)
  })

  it("has behind it who bears all labels of its selector, from when he bears them", async () => {
    await using cluster = await startTestCluster()
    for (const [name, selector] of Object.entries({
      first: { ...labels, tier: "front" },
      last: { tier: "front", ...labels },
    })) {
      await cluster.client.create(Service, { metadata: { name, namespace }, spec: { ...service.spec, selector } })
    }
    await cluster.client.create(Service, service)
    await deployed(cluster, 1)
    const slices = cluster.informers(EndpointSlice)
    const behind = (): string[] =>
      slices
        .list()
        .flatMap(({ metadata, endpoints }) =>
          endpoints.map(() => metadata.labels?.["kubernetes.io/service-name"] ?? ""),
        )
        .sort()
    await until(slices, () => behind().length > 0)
    expect(behind()).toEqual(["web"])
    const [pod] = cluster.informers(Pod).list()
    const bears = (tier: string | null) =>
      cluster.client.patch(Pod, pod?.metadata as { name: string }, {
        type: "merge",
        body: { metadata: { labels: { tier } } },
      })
    await bears("front")
    await until(slices, () => behind().length === 3)
    await bears(null)
    await until(slices, () => behind().length === 1)
    expect(behind()).toEqual(["web"])
  })

  it("tells of a pod that does not serve yet half a second later, and at once where such pods are published", async () => {
    await using cluster = await startTestCluster()
    cluster.ready = false
    const peers = { ...service, metadata: { name: "peers", namespace } }
    await cluster.client.create(Service, service)
    await cluster.client.create(Service, { ...peers, spec: { ...peers.spec, publishNotReadyAddresses: true } })
    const slices = cluster.informers(EndpointSlice)
    await until(slices, (all) => all.length === 2)
    const told: string[] = []
    slices.onChange(({ after }) => {
      const service = after?.metadata.labels?.["kubernetes.io/service-name"]
      if (after?.endpoints.length === 1 && service) told.push(`${service} ${after.endpoints[0]?.conditions.ready}`)
    })
    await cluster.client.create(Deployment, deployment(1))
    await until(slices, () => told.length === 2)
    expect(told).toEqual(["peers true", "web false"])
  })
})

describe("a namespace", () => {
  it("has a default service account as soon as it is made", async () => {
    await using cluster = await startTestCluster()
    await cluster.client.create(Namespace, { metadata: { name: "team" } })
    await until(cluster.informers(ServiceAccount), (all) => all.some(({ metadata }) => metadata.namespace === "team"))
  })

  it("goes with everything that is in it, and not before", async () => {
    await using cluster = await startTestCluster()
    await cluster.client.create(Namespace, { metadata: { name: "team" } })
    await cluster.client.create(Deployment, { ...deployment(2), metadata: { name: "web", namespace: "team" } })
    await until(cluster.informers(Pod), (pods) => pods.length === 2 && pods.every(isReady))
    await cluster.client.create(ConfigMap, { metadata: { name: "held", namespace: "team", finalizers: ["test/hold"] } })
    await cluster.client.delete(Namespace, { name: "team" })
    await until(cluster.informers(Pod), (pods) => pods.length === 0)
    const namespaces = cluster.informers(Namespace)
    await until(namespaces, (all) =>
      all.some(({ status }) => status?.conditions?.some(({ message }) => message?.includes("test/hold in 1"))),
    )
    await cluster.client.patch(
      ConfigMap,
      { name: "held", namespace: "team" },
      { type: "merge", body: { metadata: { finalizers: null } } },
    )
    await until(namespaces, (all) => !all.some(({ metadata }) => metadata.name === "team"))
    expect((await cluster.client.list(ServiceAccount, { namespace: "team" })).items).toEqual([])
  })
})

describe("garbage", () => {
  const owned = (name: string, owners: { name: string; uid: string }[]) => ({
    metadata: {
      name,
      namespace,
      ownerReferences: owners.map((owner) => ({ apiVersion: "v1", kind: "ConfigMap", ...owner })),
    },
  })

  it("is collected when its owner never was, and also down a chain of owners", async () => {
    await using cluster = await startTestCluster()
    const maps = cluster.informers(ConfigMap)
    await cluster.client.create(ConfigMap, owned("stray", [{ name: "nobody", uid: "never-was" }]))
    await until(maps, (all) => all.length === 0)
    const first = await cluster.client.create(ConfigMap, { metadata: { name: "first", namespace } })
    const second = await cluster.client.create(ConfigMap, owned("second", [{ name: "first", uid: first.metadata.uid }]))
    await cluster.client.create(ConfigMap, owned("third", [{ name: "second", uid: second.metadata.uid }]))
    await cluster.client.delete(ConfigMap, { name: "first", namespace })
    await until(maps, (all) => all.length === 0)
  })

  it.each([
    { versions: "of the preferred version", version: "v1", beside: undefined },
    { versions: "that the preferred version of their group has not", version: "v1beta1", beside: "v1" },
  ])("is collected also among custom kinds $versions, as soon as they are defined", async ({ version, beside }) => {
    await using cluster = await startTestCluster()
    const inGroup = (name: string, version: string) =>
      defineKind({
        ...{ group: "test.example", version, kind: name, plural: `${name.toLowerCase()}s` },
        description: "A thing.",
        schema: z.object({ spec: z.object({ size: z.int().optional() }).optional() }),
      })
    const Widget = inGroup("Widget", version)
    const kinds = [Widget, ...(beside ? [inGroup("Gadget", beside)] : [])]
    for (const kind of kinds) {
      await cluster.client.create(CustomResourceDefinition, crd(kind) as NewOf<typeof CustomResourceDefinition>)
    }
    await until(
      cluster.informers(CustomResourceDefinition),
      (all) =>
        all.length === kinds.length && all.every(({ status }) => isConditionTrue(status?.conditions, "Established")),
    )
    const widgets = cluster.informers(Widget)
    await widgets.synced
    const parent = await cluster.client.create(Widget, { metadata: { name: "parent", namespace } })
    const owner = { apiVersion: Widget.apiVersion, kind: "Widget", name: "parent", uid: parent.metadata.uid }
    await cluster.client.create(Widget, { metadata: { name: "child", namespace, ownerReferences: [owner] } })
    await cluster.client.create(ConfigMap, { metadata: { name: "child", namespace, ownerReferences: [owner] } })
    await until(widgets, (all) => all.length === 2)
    await cluster.client.delete(Widget, { name: "parent", namespace })
    await until(widgets, (all) => all.length === 0)
    await until(cluster.informers(ConfigMap), (all) => all.length === 0)
  })

  it("is not what has another owner left: only the reference goes", async () => {
    await using cluster = await startTestCluster()
    const one = await cluster.client.create(ConfigMap, { metadata: { name: "one", namespace } })
    const two = await cluster.client.create(ConfigMap, { metadata: { name: "two", namespace } })
    const owners = [
      { name: "one", uid: one.metadata.uid },
      { name: "two", uid: two.metadata.uid },
    ]
    await cluster.client.create(ConfigMap, owned("shared", owners))
    await cluster.client.delete(ConfigMap, { name: "one", namespace })
    const maps = cluster.informers(ConfigMap)
    await until(maps, () => maps.get("shared", namespace)?.metadata.ownerReferences?.length === 1)
    await cluster.client.delete(ConfigMap, { name: "two", namespace })
    await until(maps, (all) => all.length === 0)
  })
})
