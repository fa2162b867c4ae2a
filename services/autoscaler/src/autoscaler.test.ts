import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { credentials, Client as GrpcClient } from "@grpc/grpc-js"
import { startTestApi } from "@wick/core/testing"
import { ConfigMap, CustomResourceDefinition, crd, Deployment, Namespace, Pod, PodAutoscaler } from "@wick/sdk/api"
import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { Metric } from "@wick/sdk/api/autoscaling-internal/metric"
import type { Kind, KindOf } from "@wick/sdk/api/kind"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import type { Client } from "@wick/sdk/client"
import { type Clock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMetrics, type Metrics, prometheusName } from "@wick/sdk/metrics"
import { documentedMetrics } from "@wick/sdk/metrics/testing"
import { type ActivatorMessage, type AutoscalerMessage, loadStream, type RevisionLoad } from "@wick/sdk/wire"
import { expect, it } from "vitest"
import { startAutoscaler } from "./index.ts"
import { deletionCost } from "./pod-counts.ts"

const namespace = "default"
const labels = { "serving.knative.dev/revision": "hello-1" }

interface Scene extends AsyncDisposable {
  readonly client: Client
  readonly metrics: Metrics
  /** An activator: its voice, and what it hears. */
  activator(id: string): { say(message: ActivatorMessage): void; heard: AutoscalerMessage[]; leave(): void }
}

/** A revision at zero, an API server and an autoscaler. */
async function startScene(
  annotations: Record<string, string> = {},
  active = "False",
  clock = systemClock,
): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi({ notesCauses: true }))
  const directory = mkdtempSync(join(tmpdir(), "wick-autoscaler-"))
  undo.defer(() => rmSync(directory, { recursive: true }))
  for (const kind of [PodAutoscaler, ServerlessService, Metric]) {
    await client.create(CustomResourceDefinition, crd(kind))
    await seen(
      client,
      CustomResourceDefinition,
      undefined,
      ({ spec, status }) =>
        spec.names.kind === kind.kind &&
        (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True"),
    )
  }
  for (const name of [namespace, "knative-serving"]) {
    await client.create(Namespace, { metadata: { name } }).catch(() => {})
  }
  await createRevision(client, annotations, active)
  const listen = `unix:${join(directory, "load.sock")}`
  const metrics = createMetrics({ process: false })
  undo.use(await startAutoscaler({ client, clock, log: silentLog, listen, metrics }))
  const scene: Omit<Scene, typeof Symbol.asyncDispose> = {
    client,
    metrics,
    activator: (id) => {
      const grpc = new GrpcClient(listen, credentials.createInsecure())
      const { path, requestSerialize, responseDeserialize } = loadStream
      const stream = grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
      const heard: AutoscalerMessage[] = []
      stream.on("data", (message) => heard.push(message))
      stream.on("error", () => {})
      stream.write({ type: "hello", self: { id, admin: `http://${id}` } })
      undoGrpc.push(() => grpc.close())
      return { say: (message) => stream.write(message), heard, leave: () => stream.cancel() }
    },
  }
  const undoGrpc: (() => void)[] = []
  undo.defer(() => undoGrpc.forEach((close) => void close()))
  const running = undo.move()
  return { ...scene, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

async function createRevision(client: Client, annotations: Record<string, string>, active: string): Promise<void> {
  const template = { metadata: { labels }, spec: { containers: [{ name: "user-container", image: "app" }] } }
  await client.create(Deployment, {
    metadata: { name: "hello-1-deployment", namespace, labels },
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  })
  const made = await client.create(PodAutoscaler, {
    metadata: { name: "hello-1", namespace, annotations, labels: { "serving.knative.dev/service": "hello" } },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "hello-1-deployment" },
      reachability: "Reachable",
      protocolType: "http1",
    },
  })
  const lastTransitionTime = "2026-01-01T00:00:00Z"
  const conditions = [
    { type: "Active" as const, status: active as "True" | "False", lastTransitionTime },
    { type: "ScaleTargetInitialized", status: "True" as const, lastTransitionTime },
  ]
  if (active !== "Unknown") await client.updateStatus(PodAutoscaler, { ...made, status: { conditions } })
}

/** Resolves with the first state of an object of the kind that holds `condition`. */
async function seen<K extends Kind>(
  client: Client,
  kind: K,
  of: string | undefined,
  condition: (object: KindOf<K>) => boolean,
): Promise<KindOf<K>> {
  const { metadata, items } = await client.list(kind, of === undefined ? {} : { namespace: of })
  const found = items.find(condition)
  if (found !== undefined) return found
  const options = { resourceVersion: metadata.resourceVersion ?? "", ...(of !== undefined && { namespace: of }) }
  for await (const event of client.watch(kind, options)) {
    if (event.type !== "BOOKMARK" && event.type !== "DELETED" && condition(event.object)) return event.object
  }
  throw new Error("the watch ended")
}

const replicas = (client: Client, wanted: (replicas: number) => boolean) =>
  seen(client, Deployment, namespace, ({ spec }) => wanted(spec.replicas ?? -1))

const load = (more: Partial<RevisionLoad>): RevisionLoad => ({
  namespace,
  name: "hello-1",
  concurrency: 0,
  concurrencyNow: 0,
  waiting: 0,
  requests: 0,
  pods: {},
  ...more,
})

async function createPod(client: Client, name: string): Promise<void> {
  const made = await client.create(Pod, {
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: "user-container", image: "app" }] },
  })
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" as const }] }
  await client.updateStatus(Pod, { ...made, status } as Pod)
}

it("starts a pod at a poke, without waiting for the next look", async () => {
  // The next look would come minutes later.
  const slow: Clock = { ...systemClock, timer: (ms, ring) => systemClock.timer(100 * ms, ring) }
  await using scene = await startScene({}, "False", slow)
  const activator = scene.activator("a")
  await seen(scene.client, PodAutoscaler, namespace, ({ status }) => status?.observedGeneration === 1)
  activator.say({ type: "poke", namespace, name: "hello-1" })
  await replicas(scene.client, (count) => count === 1)
  await expect.poll(() => activator.heard.some(({ type }) => type === "decided")).toBe(true)
  const decided = activator.heard.find((message) => message.type === "decided")
  expect(decided).toMatchObject({ namespace, name: "hello-1" })
  expect(decided?.thoughtMs).toBeGreaterThan(0)
})

it("says that requests are queued where a pod takes its time", async () => {
  await using scene = await startScene()
  scene.activator("a").say({ type: "poke", namespace, name: "hello-1" })
  const { status } = await seen(scene.client, PodAutoscaler, namespace, (scaled) => scaled.status?.desiredScale === 1)
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Active", status: "Unknown", reason: "Queued" }),
  )
})

it("of a pod that comes soon says only that it is there", async () => {
  await using scene = await startScene()
  const { client } = scene
  scene.activator("a").say({ type: "poke", namespace, name: "hello-1" })
  await replicas(client, (count) => count === 1)
  await createPod(client, "one")
  const first = await seen(client, PodAutoscaler, namespace, ({ status }) => status?.desiredScale === 1)
  expect(first.status).toMatchObject({ actualScale: 1 })
  expect(first.status?.conditions).toContainEqual(expect.objectContaining({ type: "Active", status: "True" }))
})

it("of one whose pods were taken away before that was told makes none after a restart", async () => {
  await using scene = await startScene({}, "True")
  scene.activator("a")
  const { status } = await seen(scene.client, PodAutoscaler, namespace, (scaled) => scaled.status?.desiredScale === 0)
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: "Active", reason: "NoTraffic" }))
})

it("hands the trace of the request that waits on with its decision", async () => {
  await using scene = await startScene()
  const activator = scene.activator("a")
  await seen(scene.client, PodAutoscaler, namespace, ({ status }) => status?.observedGeneration === 1)
  const cause = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  activator.say({ type: "poke", namespace, name: "hello-1", cause })
  const { metadata } = await replicas(scene.client, (count) => count === 1)
  expect(metadata.annotations?.["wick.dev/traceparent"]).toBe(cause)
})

it("hands the trace of one of many requests on where they want more pods than there are", async () => {
  await using scene = await startScene()
  const activator = scene.activator("a")
  activator.say({ type: "poke", namespace, name: "hello-1" })
  await replicas(scene.client, (count) => count === 1)
  await createPod(scene.client, "one")
  const cause = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  const load = { namespace, name: "hello-1", concurrency: 300, concurrencyNow: 300, waiting: 0, requests: 300 }
  activator.say({ type: "load", intervalMs: 1000, revisions: [{ ...load, pods: { one: 300 }, cause }] })
  const { metadata } = await replicas(scene.client, (count) => count > 1)
  expect(metadata.annotations?.["wick.dev/traceparent"]).toBe(cause)
})

it("tells of each revision what it wants, what there is and what the load is, under Knative's names, until it is deleted", async () => {
  await using scene = await startScene()
  const { client, metrics } = scene
  const activator = scene.activator("a")
  activator.say({ type: "poke", namespace, name: "hello-1" })
  await replicas(client, (count) => count === 1)
  await createPod(client, "one")
  activator.say({
    type: "load",
    intervalMs: 1000,
    revisions: [load({ concurrency: 1, concurrencyNow: 1, requests: 7 })],
  })
  await seen(client, PodAutoscaler, namespace, ({ status }) => status?.actualScale === 1)
  const of =
    '{k8s_namespace_name="default",kn_service_name="hello",kn_configuration_name="",kn_revision_name="hello-1"}'
  const text = await metrics.text()
  for (const [name, value] of Object.entries({
    pods_desired: 1,
    pods_requested: 1,
    pods_count: 1,
    pods_not_ready_count: 0,
    pods_pending_count: 0,
    pods_terminating_count: 0,
    concurrency_target: 70,
    panic_mode: 0,
  })) {
    expect(text).toContain(`kn_revision_${name}${of} ${value}\n`)
  }
  for (const name of ["concurrency_stable", "concurrency_panic", "capacity_excess"]) {
    expect(text).toContain(`kn_revision_${name}${of} `)
  }
  expect(text).not.toContain("kn_revision_rps_stable{")
  expect(text).toContain('kn_workqueue_depth{name="autoscaler"} 0')
  expect(metrics.all().map(prometheusName).toSorted()).toEqual(documentedMetrics("Autoscaler", "Queues"))
  expect(text).toMatch(/kn_workqueue_process_duration_seconds_count\{name="autoscaler"\} [1-9]/)
  await client.delete(PodAutoscaler, { name: "hello-1", namespace })
  // Whatever is reconciled afterwards was told after the deletion.
  await expect.poll(() => metrics.text()).not.toContain("hello-1")
})

it("makes no pod of a new revision that is to begin with none, until somebody calls", async () => {
  await using scene = await startScene({ "autoscaling.knative.dev/initial-scale": "0" }, "Unknown")
  const activator = scene.activator("a")
  const { status } = await seen(scene.client, PodAutoscaler, namespace, (scaled) => scaled.status !== undefined)
  expect(status).toMatchObject({ desiredScale: 0 })
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Active", status: "False", reason: "NoTraffic" }),
  )
  activator.say({ type: "poke", namespace, name: "hello-1" })
  await replicas(scene.client, (count) => count === 1)
})

it("makes the initial scale of a new revision without any activator, and is ready when it is", async () => {
  await using scene = await startScene({ "autoscaling.knative.dev/initial-scale": "2" }, "Unknown")
  await replicas(scene.client, (count) => count === 2)
  await createPod(scene.client, "one")
  await createPod(scene.client, "two")
  const { status } = await seen(scene.client, PodAutoscaler, namespace, (scaled) => scaled.status?.actualScale === 2)
  expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    "Active=True",
    "Ready=Unknown",
    "SKSReady=Unknown",
    "ScaleTargetInitialized=True",
  ])
})

it("says who should answer at the revision's Service, over which windows it looks, and what comes of that", async () => {
  await using scene = await startScene({ "autoscaling.knative.dev/window": "30s" })
  const { client } = scene
  scene.activator("a")
  const made = await seen(client, ServerlessService, namespace, () => true)
  expect(made.spec).toEqual({
    mode: "Proxy",
    objectRef: { apiVersion: "apps/v1", kind: "Deployment", name: "hello-1-deployment" },
    protocolType: "http1",
    numActivators: 4,
  })
  const ready = { type: "Ready", status: "True" as const, lastTransitionTime: "2026-01-01T00:00:00Z" }
  const names = { serviceName: "hello-1", privateServiceName: "hello-1-private" }
  await client.updateStatus(ServerlessService, { ...made, status: { ...names, conditions: [ready] } })
  const { spec } = await seen(client, Metric, namespace, ({ status }) => status?.conditions !== undefined)
  expect(spec).toEqual({ stableWindow: 30e9, panicWindow: 3e9, scrapeTarget: "hello-1-private" })
  const { status } = await seen(client, PodAutoscaler, namespace, ({ status }) => status?.serviceName === "hello-1")
  expect(status?.metricsServiceName).toBe("hello-1-private")
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: "SKSReady", status: "True" }))
})

it("leaves a revision of class hpa to a HorizontalPodAutoscaler, and tells what comes of it", async () => {
  await using scene = await startScene({
    "autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev",
    "autoscaling.knative.dev/metric": "memory",
    "autoscaling.knative.dev/target": "100",
    "autoscaling.knative.dev/max-scale": "5",
  })
  const { client } = scene
  const { spec, metadata } = await seen(client, HorizontalPodAutoscaler, namespace, () => true)
  expect(spec).toMatchObject({ minReplicas: 1, maxReplicas: 5, scaleTargetRef: { name: "hello-1-deployment" } })
  expect(spec.metrics?.[0]?.resource?.target).toEqual({ type: "AverageValue", averageValue: "100Mi" })
  const status = { currentReplicas: 2, desiredReplicas: 3 }
  const reference = { name: metadata.name, namespace }
  const asStatus = { subresource: "status" } as const
  await client.patch(HorizontalPodAutoscaler, reference, { type: "merge", body: { status } }, asStatus)
  const told = await seen(client, PodAutoscaler, namespace, (scaled) => scaled.status?.desiredScale === 3)
  expect(told.status).toMatchObject({ actualScale: 2 })
  expect(told.status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Active", status: "False", reason: "ServicesNotReady" }),
  )
  expect((await seen(client, ServerlessService, namespace, () => true)).spec.mode).toBe("Serve")
})

it("adds up the load of two activators, tells them of each other, and reads its settings live", async () => {
  await using scene = await startScene()
  const [one, two] = [scene.activator("a"), scene.activator("b")]
  const revisions = [load({ concurrency: 100, concurrencyNow: 100, waiting: 50, requests: 100 })]
  await seen(scene.client, PodAutoscaler, namespace, ({ status }) => status?.observedGeneration === 1)
  one.say({ type: "load", intervalMs: 1000, revisions })
  two.say({ type: "load", intervalMs: 1000, revisions })
  await replicas(scene.client, (count) => count === 3)
  expect(two.heard.findLast(({ type }) => type === "peers")).toMatchObject({ peers: [{ id: "a" }, { id: "b" }] })
  const data = { "container-concurrency-target-default": "20", "container-concurrency-target-percentage": "100" }
  await scene.client.create(ConfigMap, { metadata: { name: "config-autoscaler", namespace: "knative-serving" }, data })
  await replicas(scene.client, (count) => count >= 8)
})

it("puts a price on pods by what is in flight before it takes some away", async () => {
  await using scene = await startScene({ "autoscaling.knative.dev/max-scale": "1" })
  await seen(scene.client, PodAutoscaler, namespace, ({ status }) => status?.observedGeneration === 1)
  const activator = scene.activator("a")
  activator.say({
    type: "load",
    intervalMs: 1000,
    revisions: [load({ concurrency: 3, concurrencyNow: 3, requests: 3, pods: { busy: 3 } })],
  })
  await replicas(scene.client, (count) => count === 1)
  await createPod(scene.client, "busy")
  await createPod(scene.client, "idle")
  await seen(scene.client, PodAutoscaler, namespace, ({ status }) => status?.actualScale === 2)
  await scene.client.patch(
    Deployment,
    { name: "hello-1-deployment", namespace },
    { type: "merge", body: { spec: { replicas: 2 } } },
  )
  const busy = await seen(scene.client, Pod, namespace, ({ metadata }) => deletionCost in (metadata.annotations ?? {}))
  expect(busy.metadata).toMatchObject({ name: "busy", annotations: { [deletionCost]: "3" } })
  await replicas(scene.client, (count) => count === 1)
})

it("scales out though the machine's clock was set back by an hour", async () => {
  let aheadMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  await using scene = await startScene({ "autoscaling.knative.dev/window": "6s" }, "False", clock)
  const activator = scene.activator("one")
  const say = (concurrency: number): void =>
    activator.say({ type: "load", intervalMs: 1_000, revisions: [load({ concurrency, concurrencyNow: concurrency })] })
  say(1)
  await replicas(scene.client, (count) => count === 1)
  await createPod(scene.client, "hello-1-a")
  say(1)
  aheadMs = -3_600_000
  const busy = setInterval(() => say(1_000), 1_000)
  await replicas(scene.client, (count) => count > 5).finally(() => clearInterval(busy))
})
