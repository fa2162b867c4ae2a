import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { type Client, createClient } from "@wick/sdk/client"
import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { type ApiServer, createApiServer } from "../index.ts"

const root = "/apis/metrics.k8s.io/v1beta1"
const startMs = Date.parse("2030-01-01T00:00:00Z")
let undo: AsyncDisposableStack
let server: ApiServer
let client: Client
let clock: SimulatedClock
/** How often the kubelet was asked. */
let asked = 0

/** A kubelet on whose node `busy` takes half a core since the start, and the node as a whole one and a half. */
function summary(): object {
  const ms = clock.now() - startMs
  const time = new Date(clock.now()).toISOString()
  const figures = (cores: number, bytes: number): object => ({
    startTime: new Date(startMs).toISOString(),
    cpu: { time, usageCoreNanoSeconds: ms * cores * 1e6 },
    memory: { time, workingSetBytes: bytes },
  })
  const podRef = { name: "web", namespace: "shop" }
  const containers = [
    { name: "busy", ...figures(0.5, 64 * 1_024 * 1_024) },
    { name: "idle", ...figures(0, 100_000) },
    { name: "gone", ...figures(1, 1) },
  ]
  return { node: figures(1.5, 2 ** 30), pods: [{ podRef, containers }] }
}

beforeEach(async () => {
  undo = new AsyncDisposableStack()
  asked = 0
  clock = new SimulatedClock(startMs + 60_000)
  const storage = createMemoryStorage({ clock: systemClock })
  undo.defer(() => storage.close())
  server = undo.use(
    createApiServer({
      storage,
      kinds: builtinKinds,
      faces: builtinFaces,
      virtual: [],
      admission: [],
      authorize: () => ({ allowed: true, reason: "" }),
      nodeProxy: (name) =>
        name === "one"
          ? {
              fetch: async () => {
                asked += 1
                return Response.json(summary())
              },
              upgrade: () => {},
            }
          : undefined,
      serviceCidr: "10.235.0.0/16",
      version: "v1.36.0",
      clock,
      random: seededRandom(1),
      log: silentLog,
    }),
  )
  await server.ready
  client = createClient({ fetch: server.fetchAs({ name: "admin", groups: ["system:masters"] }) })
  await client.create(Namespace, { metadata: { name: "shop" } })
  await client.create(Node, { metadata: { name: "one", labels: { zone: "a" } } } as never)
  await client.create(Node, { metadata: { name: "away" } } as never)
  for (const [name, labels] of Object.entries({ web: { app: "web" }, other: { app: "other" } })) {
    await client.create(Pod, {
      metadata: { name, namespace: "shop", labels },
      spec: { nodeName: "one", containers: ["busy", "idle"].map((each) => ({ name: each, image: "i" })) },
    } as never)
  }
})
afterEach(() => undo.disposeAsync())

async function get(path: string, accept = "application/json"): Promise<Record<string, never>> {
  const request = new Request(`https://api${root}${path}`, { headers: { accept } })
  const answer = server.handle(request, { name: "jo", groups: [] })
  await clock.advance(2_000)
  return (await (await answer).json()) as Record<string, never>
}

describe("the resource metrics API", () => {
  it("measures a node over a second when it is asked for the first time", async () => {
    const { kind, items } = await get("/nodes")
    expect(kind).toBe("NodeMetricsList")
    expect(items).toMatchObject([
      {
        metadata: { name: "one", labels: { zone: "a" } },
        timestamp: "2030-01-01T00:01:01Z",
        window: "1s",
        usage: { cpu: "1500m", memory: "1Gi" },
      },
    ])
    expect(asked).toBe(2)
  })

  it("measures from the last question on when that is not long ago, and looks once for all who ask together", async () => {
    await get("/nodes")
    await clock.advance(13_000)
    const [{ items }] = await Promise.all([get("/nodes"), get("/pods")])
    expect(items).toMatchObject([{ window: "14s", usage: { cpu: "1500m" } }])
    expect(asked).toBe(3)
  })

  it("begins anew when the last question is long ago", async () => {
    await get("/nodes")
    await clock.advance(120_000)
    expect((await get("/nodes")).items).toMatchObject([{ window: "1s" }])
    expect(asked).toBe(4)
  })

  it("tells of a pod what each of its containers uses", async () => {
    expect(await get("/namespaces/shop/pods/web")).toMatchObject({
      kind: "PodMetrics",
      metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
      containers: [
        { name: "busy", usage: { cpu: "500m", memory: "64Mi" } },
        { name: "idle", usage: { cpu: "0", memory: "97Ki" } },
      ],
    })
  })

  it("selects by labels, in a namespace or in all", async () => {
    expect((await get("/pods?labelSelector=app=web")).items).toMatchObject([{ metadata: { name: "web" } }])
    expect((await get("/namespaces/shop/pods?labelSelector=app=other")).items).toEqual([])
    expect((await get("/namespaces/default/pods")).items).toEqual([])
  })

  it("shows the sum of a pod in a table", async () => {
    const table = await get("/pods", "application/json;as=Table;g=meta.k8s.io;v=v1")
    expect(table.rows).toMatchObject([{ cells: ["web", "500m", "65633Ki", "1s"] }])
  })

  it("knows nothing of a node that does not answer, and takes no writes", async () => {
    expect(await get("/nodes/away")).toMatchObject({ code: 404, message: 'nodes.metrics.k8s.io "away" not found' })
    const deleted = await server.handle(new Request(`https://api${root}/nodes/one`, { method: "DELETE" }), {
      name: "jo",
      groups: [],
    })
    expect(deleted.status).toBe(405)
    const watched = await server.handle(new Request(`https://api${root}/nodes?watch=1`), { name: "jo", groups: [] })
    expect(watched.status).toBe(405)
  })

  it("is listed last among the groups, without the parts that core's pods have", async () => {
    const { groups } = (await (
      await server.handle(new Request("https://api/apis"), { name: "jo", groups: [] })
    ).json()) as {
      groups: { name: string }[]
    }
    expect(groups.at(-1)?.name).toBe("metrics.k8s.io")
    const { resources } = await get("")
    expect(resources).toEqual([
      { name: "nodes", singularName: "nodemetrics", namespaced: false, kind: "NodeMetrics", verbs: ["get", "list"] },
      { name: "pods", singularName: "podmetrics", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
    ])
  })

  it("answers in JSON who would rather have protobuf", async () => {
    expect((await get("/nodes", "application/vnd.kubernetes.protobuf,application/json")).kind).toBe("NodeMetricsList")
  })
})
