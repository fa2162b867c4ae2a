import { type AnyObject, builtinKinds, ConfigMap } from "@wick/sdk/api"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformer } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { createApiServer } from "./create-api-server.ts"

const master = { name: "admin", groups: ["system:masters"] }
const labelled = { labelSelector: "app=one" }
const map = (name: string, said: string, app = "one") => ({
  metadata: { name, namespace: "default", labels: { app } },
  data: { said },
})

async function started() {
  const storage = createMemoryStorage({ clock: systemClock })
  const server = createApiServer({
    storage,
    kinds: builtinKinds,
    virtual: [],
    admission: [],
    authorize: ({ name }) => ({ allowed: name === master.name, reason: "" }),
    nodeProxy: () => undefined,
    serviceCidr: "10.235.0.0/16",
    version: "v1.36.0",
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  await server.ready
  const stack = new AsyncDisposableStack()
  stack.defer(() => storage.close())
  stack.use(server)
  const client = createClient({ fetch: server.fetchAs(master) })
  const inform = (options = {}) => stack.use(createInformer(client, ConfigMap, options, systemClock, silentLog))
  return { server, client, inform, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

it("informers of the server's own process have each object once, whatever they select", async () => {
  await using world = await started()
  const { client, inform } = world
  await client.create(ConfigMap, map("there", "before"))
  const [all, some] = [inform(), inform(labelled)]
  await Promise.all([all.synced, some.synced])
  await client.create(ConfigMap, map("new", "after"))
  await expect.poll(() => some.get("new", "default")?.data).toEqual({ said: "after" })
  for (const name of ["there", "new"]) {
    const object = all.get(name, "default")
    expect(object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } })
    expect(object?.metadata.managedFields).toBeUndefined()
    expect(object?.metadata.resourceVersion).toMatch(/^\d+$/)
    expect(some.get(name, "default")).toBe(object)
  }
})

it("they are told of changes, of what leaves their selection and of deletions, as by bytes", async () => {
  await using world = await started()
  const { client, inform } = world
  const told: unknown[] = []
  const informer = inform({
    ...labelled,
    indexes: { said: (item: AnyObject) => [(item as ConfigMap).data?.said ?? ""] },
  })
  await informer.synced
  informer.onChange(({ before, after }) => told.push([before?.data?.said, after?.data?.said]))
  await client.create(ConfigMap, map("a", "1"))
  const second = await client.update(ConfigMap, {
    ...map("a", "2"),
    apiVersion: "v1",
    kind: "ConfigMap",
  } as unknown as ConfigMap)
  await informer.caughtUp()
  expect(informer.byIndex("said", "2").map(({ metadata }) => metadata.uid)).toEqual([second.metadata.uid])
  expect(informer.byIndex("said", "1")).toEqual([])
  await client.patch(
    ConfigMap,
    { name: "a", namespace: "default" },
    { type: "merge", body: { metadata: { labels: { app: "other" } } } },
  )
  await informer.caughtUp()
  expect(informer.list()).toEqual([])
  await client.create(ConfigMap, map("b", "3"))
  await client.delete(ConfigMap, { name: "b", namespace: "default" })
  await informer.caughtUp()
  expect(told).toEqual([
    [undefined, "1"],
    ["1", "2"],
    ["2", undefined],
    [undefined, "3"],
    ["3", undefined],
  ])
})

it("who may not list is refused, and who has not promised to change nothing gets bytes of his own", async () => {
  await using world = await started()
  const { server, client } = world
  await client.create(ConfigMap, map("a", "1"))
  const other = createClient({ fetch: server.fetchAs({ name: "other", groups: [] }) })
  await expect(other.request("/api/v1/configmaps", {}, { shared: true })).rejects.toThrow("forbidden")
  const [one] = (await client.list(ConfigMap)).items
  const [two] = (await client.list(ConfigMap)).items
  expect(one).toEqual(two)
  expect(one).not.toBe(two)
  expect(one?.metadata.managedFields).toBeDefined()
})

it("what is written does not change what was shared before", async () => {
  await using world = await started()
  const { client, inform } = world
  const informer = inform()
  await client.create(ConfigMap, map("a", "1"))
  await informer.caughtUp()
  const before = informer.get("a", "default")
  const text = JSON.stringify(before)
  await client.patch(ConfigMap, { name: "a", namespace: "default" }, { type: "merge", body: { data: { said: "2" } } })
  await informer.caughtUp()
  expect(informer.get("a", "default")?.data).toEqual({ said: "2" })
  expect(JSON.stringify(before)).toBe(text)
})

it("an informer that wants a part sees that part, and the others the whole", async () => {
  await using world = await started()
  const { client, inform } = world
  const trim = ({ metadata: { name, namespace, uid, resourceVersion }, data }: ConfigMap) =>
    ({
      metadata: { name, namespace, uid, resourceVersion },
      data: { length: String(data?.said?.length) },
    }) as unknown as ConfigMap
  const [part, whole] = [inform({ trim }), inform()]
  const told: unknown[] = []
  part.onChange(({ after }) => told.push(after?.data))
  await client.create(ConfigMap, map("a", "long"))
  await Promise.all([part.caughtUp(), whole.caughtUp()])
  expect(part.get("a", "default")?.data).toEqual({ length: "4" })
  expect(told).toEqual([{ length: "4" }])
  expect(whole.get("a", "default")?.data).toEqual({ said: "long" })
})
