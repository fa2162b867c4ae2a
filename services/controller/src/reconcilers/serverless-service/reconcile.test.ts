import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { crd } from "@wick/sdk/api/crd"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { NewOf } from "@wick/sdk/api/kind"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import type { Client, FetchWrapper } from "@wick/sdk/client"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { createEventRecorder, createInformers, type Informers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { expect, it } from "vitest"
import { startServerlessServiceController } from "./reconcile.ts"

const namespace = "default"
const name = "hello-00001"
const labels = { "serving.knative.dev/revision": name, "serving.knative.dev/revisionUID": "uid" }

interface Scene extends AsyncDisposable {
  readonly client: Client
  readonly clock: SimulatedClock
  /** Writes of the controller, `METHOD path`. */
  readonly writes: string[]
  /** Lets the controller look once at all that has changed. */
  settle(): Promise<void>
}

async function startScene(before: (client: Client) => Promise<void> = async () => {}): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await startTestApi())
  const { client } = api
  await client.create(CustomResourceDefinition, crd(ServerlessService))
  for (const each of [namespace, "knative-serving"]) {
    await client.create(Namespace, { metadata: { name: each } }).catch(() => {})
  }
  const writes: string[] = []
  const noted: FetchWrapper = (next) => (request) => {
    if (request.method !== "GET")
      writes.push(`${request.method} ${new URL(request.url).pathname.split("/").slice(-2).join("/")}`)
    return next(request)
  }
  const own = createClient({ fetch: noted(api.server.fetchAs({ name: "controller", groups: ["system:masters"] })) })
  // The controller's time is the test's; watches go on in real time.
  const clock = new SimulatedClock(Date.parse("2026-01-01T00:00:00Z"))
  const informers: Informers = undo.use(createInformers(own, systemClock, silentLog))
  await before(client)
  const known = [informers(ServerlessService), informers(Pod, { labelSelector: "serving.knative.dev/revision" })]
  await Promise.all(known.map(({ synced }) => synced))
  const registries = { plain: [], authorityFiles: [] }
  const config = watchConfig(informers)
  const events = createEventRecorder({ client: own, clock, log: silentLog, component: "test" })
  const controller = undo.use(
    startServerlessServiceController({ client: own, informers, config, registries, events, clock, log: silentLog }),
  )
  const caches = [informers(ServerlessService), informers(Pod, { labelSelector: "serving.knative.dev/revision" })]
  const settle = async (): Promise<void> => {
    for (const cache of caches) await cache.caughtUp()
    for (let turn = 0; turn < 3; turn++) {
      controller.wake(`${namespace}/${name}`)
      await controller.idle()
      for (const cache of caches) await cache.caughtUp()
      await clock.advance(1000)
    }
  }
  const running = undo.move()
  return { client, clock, writes, settle, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

async function createService(client: Client, mode: "Serve" | "Proxy"): Promise<void> {
  await client.create(ServerlessService, {
    metadata: { name, namespace, labels },
    spec: { mode, objectRef: { kind: "Deployment", name: "d" }, protocolType: "http1", numActivators: 2 },
  })
}

async function createPod(client: Client): Promise<void> {
  const container = { name: "c", image: "i", ports: [{ name: "user-port", containerPort: 8080 }] }
  const made = await client.create(Pod, {
    metadata: { name: "p", namespace, labels },
    spec: { containers: [container] },
  })
  const conditions = [{ type: "Ready", status: "True" as const }]
  const status = { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], conditions }
  await client.updateStatus(Pod, { ...made, status } as NewOf<typeof Pod>)
}

const activatorSlice = {
  metadata: {
    name: "activators",
    namespace: "knative-serving",
    labels: { "kubernetes.io/service-name": "activator-service" },
  },
  addressType: "IPv4",
  endpoints: [{ addresses: ["10.9.0.1"], conditions: { ready: true } }],
  ports: [{ name: "http", port: 8012, protocol: "TCP" }],
} as NewOf<typeof EndpointSlice>

const reference = { name, namespace }
const whoAnswers = async (client: Client): Promise<unknown> => {
  const { subsets } = await client.get(Endpoints, reference)
  const { endpoints } = await client.get(EndpointSlice, { name: `${name}-public`, namespace })
  const ips = (subsets ?? []).flatMap(({ addresses }) => (addresses ?? []).map(({ ip }) => ip))
  expect(endpoints.flatMap(({ addresses }) => addresses)).toEqual(ips)
  return ips
}

it("makes both Services, says who answers, follows the mode, and writes nothing twice", async () => {
  await using scene = await startScene()
  const { client } = scene
  await client.create(EndpointSlice, activatorSlice)
  await createService(client, "Proxy")
  await scene.settle()
  const { items } = await client.list(Service, { namespace })
  expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual([name, `${name}-private`])
  expect(await whoAnswers(client)).toEqual(["10.9.0.1"])
  await createPod(client)
  await client.patch(ServerlessService, reference, { type: "merge", body: { spec: { mode: "Serve" } } })
  await scene.settle()
  expect(await whoAnswers(client)).toEqual(["10.0.0.1"])
  const { status } = await client.get(ServerlessService, reference)
  expect(status).toMatchObject({ observedGeneration: 2, serviceName: name, privateServiceName: `${name}-private` })
  const before = scene.writes.length
  await scene.settle()
  expect(scene.writes.slice(before)).toEqual([])
})

it("begins with what is there already", async () => {
  await using scene = await startScene((client) => createService(client, "Proxy"))
  await scene.settle()
  expect((await scene.client.get(ServerlessService, reference)).status?.serviceName).toBe(name)
})

it("leaves a Service of somebody else alone, says so, and has its own when that is gone", async () => {
  await using scene = await startScene()
  const { client } = scene
  await client.create(Service, { metadata: { name, namespace }, spec: { ports: [{ port: 7777 }] } } as NewOf<
    typeof Service
  >)
  await createService(client, "Serve")
  await scene.settle()
  const { status } = await client.get(ServerlessService, reference)
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Ready", status: "False", reason: "NotOwned" }),
  )
  expect((await client.get(Service, reference)).spec.ports?.[0]?.port).toBe(7777)
  await client.delete(Service, reference)
  await scene.clock.advance(15_000)
  const ready = async () => {
    const { status } = await client.get(ServerlessService, reference)
    return status?.conditions?.find(({ type }) => type === "Ready")?.reason
  }
  await expect.poll(ready).not.toBe("NotOwned")
  expect((await client.get(Service, reference)).spec.ports?.[0]?.port).not.toBe(7777)
})
