import { Deployment } from "@wick/sdk/api/apps/deployment"
import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { Event } from "@wick/sdk/api/core/event"
import { Pod } from "@wick/sdk/api/core/pod"
import type { FetchWrapper } from "@wick/sdk/client"
import { expect, it } from "vitest"
import { atRest, startTestCluster, type TestCluster, until } from "../testing/cluster.ts"

const namespace = "default"
const labels = { app: "web" }
const timestamp = "2026-01-01T00:00:00Z"

/** Every pod takes 300 MiB, has 30 requests a second, and a queue outside is 90 long. */
const played = (cluster: () => TestCluster, asked: string[]): FetchWrapper => {
  const podNames = async (): Promise<string[]> =>
    (await cluster().client.list(Pod, { namespace })).items.map(({ metadata }) => metadata.name)
  return (next) => async (request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === "/apis/custom.metrics.k8s.io") return Response.json({ versions: [{ version: "v1beta2" }] })
    if (!pathname.includes("metrics.k8s.io") || !pathname.includes("/namespaces/")) return next(request)
    asked.push(decodeURIComponent(pathname + search))
    if (pathname.startsWith("/apis/metrics.k8s.io")) {
      const containers = [{ name: "c", usage: { cpu: "1", memory: "300Mi" } }]
      const items = (await podNames()).map((name) => ({ metadata: { name }, timestamp, window: "30s", containers }))
      return Response.json({ items })
    }
    if (pathname.startsWith("/apis/external")) return Response.json({ items: [{ value: "60" }, { value: "30" }] })
    if (pathname.includes("/services/"))
      return Response.json({ items: [{ describedObject: {}, timestamp, value: "50" }] })
    const items = (await podNames()).map((name) => ({ describedObject: { name }, timestamp, value: "30" }))
    return Response.json({ items })
  }
}

async function scaled(cluster: TestCluster, metrics: object[], behavior?: object): Promise<HorizontalPodAutoscaler> {
  const { client } = cluster
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "x" }] } }
  const spec = { replicas: 2, selector: { matchLabels: labels }, template }
  await client.create(Deployment, { metadata: { name: "web", namespace }, spec })
  const ready = (pod: Pod): boolean => pod.status?.conditions?.some(({ type }) => type === "Ready") ?? false
  await until(cluster.informers(Pod), (pods) => pods.filter(ready).length === 2)
  await until(cluster.informers(Deployment), ([web]) => web?.status?.replicas === 2)
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" }
  await client.create(HorizontalPodAutoscaler, {
    metadata: { name: "web", namespace },
    spec: { scaleTargetRef, maxReplicas: 10, metrics: metrics as never, ...(behavior && { behavior }) },
  })
  await until(cluster.informers(HorizontalPodAutoscaler), ([it]) => it?.status?.conditions !== undefined)
  return client.get(HorizontalPodAutoscaler, { name: "web", namespace })
}

async function start(asked: string[] = []): Promise<TestCluster> {
  const made: { cluster?: TestCluster } = {}
  made.cluster = await startTestCluster({ through: played(() => made.cluster as TestCluster, asked) })
  return made.cluster
}

const average = (averageValue: string): object => ({ type: "AverageValue", averageValue })
const metric = { name: "rps", selector: { matchLabels: { path: "a" } } }

it("scales a Deployment by what its pods use, and says so", async () => {
  const asked: string[] = []
  await using cluster = await start(asked)
  const { status } = await scaled(cluster, [
    { type: "Resource", resource: { name: "memory", target: average("200Mi") } },
  ])
  await until(cluster.informers(Deployment), ([web]) => web?.spec.replicas === 3)
  expect(asked).toEqual(["/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app=web"])
  expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 3, observedGeneration: 1 })
  expect(status?.currentMetrics).toEqual([
    { type: "Resource", resource: { name: "memory", current: { averageValue: "314572800" } } },
  ])
  expect(status?.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)).toEqual([
    "AbleToScale True SucceededRescale",
    "ScalingActive True ValidMetricFound",
    "ScalingLimited False DesiredWithinRange",
  ])
  const told = (events: Event[]): boolean =>
    events.some(
      ({ reason, message }) =>
        reason === "SuccessfulRescale" && message === "New size: 3; reason: memory resource above target",
    )
  await until(cluster.informers(Event), told)
})

it.each([
  {
    name: "pods",
    metrics: [{ type: "Pods", pods: { metric, target: average("10") } }],
    path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/rps?labelSelector=app=web&metricLabelSelector=path=a",
    replicas: 4,
  },
  {
    name: "an object",
    metrics: [
      {
        type: "Object",
        object: { metric, describedObject: { kind: "Service", name: "web", apiVersion: "v1" }, target: average("10") },
      },
    ],
    path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/web/rps?metricLabelSelector=path=a",
    replicas: 4,
  },
  {
    name: "something outside",
    metrics: [{ type: "External", external: { metric, target: average("30") } }],
    path: "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/rps?labelSelector=path=a",
    replicas: 3,
  },
])("asks the right API for a metric of $name", async ({ metrics, path, replicas }) => {
  const asked: string[] = []
  await using cluster = await start(asked)
  await scaled(cluster, metrics)
  await until(cluster.informers(Deployment), ([web]) => web?.spec.replicas === replicas)
  expect(asked).toContain(path)
})

it("knows nothing of an earlier autoscaler of its name", async () => {
  const asked: string[] = []
  const answers: Promise<void>[] = []
  const made: { cluster?: TestCluster } = {}
  const play = played(() => made.cluster as TestCluster, asked)
  const through: FetchWrapper = (next) => async (request) => {
    const response = await play(next)(request)
    if (request.url.includes("metrics.k8s.io")) await answers.shift()
    return response
  }
  await using cluster = await startTestCluster({ through })
  made.cluster = cluster
  const { client } = cluster
  const reference = { name: "web", namespace }
  const seldom = { scaleUp: { policies: [{ type: "Pods", value: 1, periodSeconds: 1_800 }] } }
  const metrics = [{ type: "Resource", resource: { name: "memory", target: average("30Mi") } }]
  const { spec } = await scaled(cluster, metrics, seldom)
  await until(cluster.informers(Deployment), ([web]) => web?.status?.replicas === 3)
  // It goes, and another comes, while it is being looked at.
  const { promise, resolve } = Promise.withResolvers<void>()
  answers.push(promise)
  const before = asked.length
  await client.patch(HorizontalPodAutoscaler, reference, { type: "merge", body: { spec: { maxReplicas: 9 } } })
  await expect.poll(() => asked.length).toBe(before + 1)
  await client.delete(HorizontalPodAutoscaler, reference)
  await client.create(HorizontalPodAutoscaler, { metadata: reference, spec })
  await atRest(cluster)
  resolve()
  await until(cluster.informers(Deployment), ([web]) => web?.spec.replicas === 4)
})

it("says what it cannot scale", async () => {
  await using cluster = await start()
  const { client } = cluster
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deploymnt", name: "web" }
  await client.create(HorizontalPodAutoscaler, {
    metadata: { name: "web", namespace },
    spec: { scaleTargetRef, maxReplicas: 3 },
  })
  const failed = ([it]: HorizontalPodAutoscaler[]): boolean =>
    it?.status?.conditions?.[0]?.message ===
    `the HPA controller was unable to get the target's current scale: no matches for kind "Deploymnt" in version "apps/v1"`
  await until(cluster.informers(HorizontalPodAutoscaler), failed)
})

it("leaves pods alone that are two autoscalers' affair", async () => {
  await using cluster = await start()
  const { client } = cluster
  const metrics = [{ type: "Resource", resource: { name: "memory", target: average("300Mi") } }]
  const { spec } = await scaled(cluster, metrics)
  await client.create(HorizontalPodAutoscaler, { metadata: { name: "other", namespace }, spec })
  await until(cluster.informers(HorizontalPodAutoscaler), (all) =>
    all.some(
      ({ status }) =>
        status?.conditions?.some(
          ({ reason, message }) =>
            reason === "AmbiguousSelector" &&
            message === "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]",
        ) ?? false,
    ),
  )
})
