import { ConfigMap, Deployment, type NewOf, Node, Pod, ServiceAccount } from "@wick/sdk/api"
import { bind, createClient, evict, getScale, listAll, pages, setScale } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { byLabel, createInformer } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const namespace = "default"
const settings = (name: string, labels: Record<string, string> = {}) =>
  api.client.create(ConfigMap, { metadata: { name, namespace, labels }, data: { a: "1" } })
const names = (list: { items: { metadata: { name: string } }[] }): string[] =>
  list.items.map(({ metadata }) => metadata.name)
const container = { name: "app", image: "a:1" }
const deployment: NewOf<typeof Deployment> = {
  metadata: { name: "web", namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [container] } },
  },
}

describe("the typed client", () => {
  it("deletes what two selectors, given as objects, have in common", async () => {
    for (const name of ["a", "b", "c"]) await settings(name, { app: name === "c" ? "api" : "web" })
    await api.client.deleteCollection(ConfigMap, {
      namespace,
      labelSelector: { matchLabels: { app: "web" } },
      fieldSelector: { "metadata.name": "a" },
    })
    expect(names(await api.client.list(ConfigMap, { namespace, labelSelector: "app" }))).toEqual(["b", "c"])
  })

  it("reads pages of one moment, and joins them", async () => {
    for (const name of ["a", "b", "c"]) await settings(name, { own: "" })
    const options = { namespace, labelSelector: "own", limit: 2 }
    const seen: string[][] = []
    for await (const page of pages(api.client, ConfigMap, options)) {
      if (seen.length === 0) await settings("bb", { own: "" })
      seen.push(names(page))
    }
    expect(seen).toEqual([["a", "b"], ["c"]])
    expect(names(await listAll(api.client, ConfigMap, options))).toEqual(["a", "b", "bb", "c"])
  })

  it("asks for metadata alone: one, a list, and as it changes", async () => {
    const made = await settings("a", { own: "" })
    const one = await api.client.getMetadata(ConfigMap, { name: "a", namespace })
    expect(one).toMatchObject({ kind: "PartialObjectMetadata", metadata: { uid: made.metadata.uid } })
    expect(one).not.toHaveProperty("data")
    const list = await api.client.listMetadata(ConfigMap, { namespace, labelSelector: "own" })
    expect(list.items).toMatchObject([{ metadata: { name: "a" } }])
    expect(list.items[0]).not.toHaveProperty("data")
    const { resourceVersion = "" } = list.metadata
    const events = api.client.watchMetadata(ConfigMap, { namespace, resourceVersion })[Symbol.asyncIterator]()
    const next = events.next()
    await api.client.delete(ConfigMap, { name: "a", namespace })
    const { value } = await next
    expect(value).toMatchObject({ type: "DELETED", object: { kind: "PartialObjectMetadata", metadata: { name: "a" } } })
    expect(value.object).not.toHaveProperty("data")
    await events.return?.()
  })

  it("reads and sets a scale", async () => {
    await api.client.create(Deployment, deployment)
    const reference = { name: "web", namespace }
    const set = await setScale(api.client, Deployment, reference, 3, { fieldManager: "me" })
    expect(set).toMatchObject({ kind: "Scale", spec: { replicas: 3 } })
    expect(await getScale(api.client, Deployment, reference)).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 0, selector: "app=web" },
    })
    expect((await api.client.get(Deployment, reference)).spec.replicas).toBe(3)
  })

  it("binds a pod, adds a container to debug it, and evicts it", async () => {
    const reference = { name: "one", namespace }
    await api.client.create(Node, { metadata: { name: "n" } })
    const pod = await api.client.create(Pod, { metadata: reference, spec: { containers: [container] } })
    await bind(api.client, reference, "n")
    await expect(bind(api.client, reference, "m")).rejects.toMatchObject({ reason: "Conflict" })
    const bound = await api.client.get(Pod, reference)
    expect(bound.spec.nodeName).toBe("n")
    const debug = { name: "debug", image: "b:1" }
    const extended = await api.client.update(
      Pod,
      { ...bound, spec: { ...bound.spec, ephemeralContainers: [debug] } } as NewOf<typeof Pod>,
      { subresource: "ephemeralcontainers" },
    )
    expect(extended.spec.ephemeralContainers).toMatchObject([debug])
    const wrong = evict(api.client, reference, { preconditions: { uid: "another" } })
    await expect(wrong).rejects.toMatchObject({ reason: "Conflict" })
    await evict(api.client, reference, { preconditions: { uid: pod.metadata.uid }, gracePeriodSeconds: 0 })
    await expect(api.client.get(Pod, reference)).rejects.toMatchObject({ reason: "NotFound" })
  })

  it("hands on what the server warns of", async () => {
    const warnings: string[] = []
    const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
    const client = createClient({ fetch, onWarning: (warning) => warnings.push(warning) })
    const odd = { metadata: { name: "a", namespace }, secrets: [], 'sp"ec': {} } as NewOf<typeof ServiceAccount>
    await client.create(ServiceAccount, odd, { fieldValidation: "Warn" })
    expect(warnings).toEqual(['unknown field "sp"ec"'])
  })
})

describe("an informer over the typed client", () => {
  it("keeps its index true while the world changes", async () => {
    await settings("a", { app: "web" })
    await using informer = createInformer(
      api.client,
      ConfigMap,
      { namespace, indexes: { app: byLabel("app") } },
      systemClock,
      silentLog,
    )
    await informer.synced
    const app = (value: string): string[] => informer.byIndex("app", value).map(({ metadata }) => metadata.name)
    expect(app("web")).toEqual(["a"])
    await settings("b", { app: "web" })
    const body = { metadata: { labels: { app: "api" } } }
    await api.client.patch(ConfigMap, { name: "a", namespace }, { type: "merge", body })
    await informer.caughtUp()
    expect([app("web"), app("api")]).toEqual([["b"], ["a"]])
  })
})
