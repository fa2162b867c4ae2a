import { type AnyObject, ConfigMap } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it, onTestFinished } from "vitest"
import { createMemoryStorage, type Storage } from "#store"
import { encodeStored, parseObject } from "./object-bytes.ts"
import { ObjectStore } from "./object-store.ts"
import { builtinResource } from "./served-resource.ts"

const { schema, components } = openapiSchema(ConfigMap)
const maps = builtinResource(ConfigMap, schema, components)
const key = "/registry/core/configmaps/default/a"

type TxnRequest = Parameters<Storage["txn"]>[0]

const map = (value: string) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" }, data: { value } }) as AnyObject

/** A store in which somebody else is always faster: what he does is there before a write has been answered. */
function start() {
  const clock = new SimulatedClock()
  const memory = createMemoryStorage({ clock })
  const others: TxnRequest["success"][] = []
  const txn = memory.txn.bind(memory)
  const storage = Object.assign(memory, {
    txn: async (request: TxnRequest) => {
      const answer = await txn(request)
      const next = others.shift()
      if (next) await txn({ compare: [], success: next, failure: [] })
      return answer
    },
  })
  const store = new ObjectStore(storage, clock)
  onTestFinished(async () => {
    store.close()
    await memory.close()
  })
  return { others, store }
}

it("what was made is answered as it was made, though it is gone by then", async () => {
  const { others, store } = start()
  await store.cache(maps).ready
  others.push([{ kind: "delete", key }])
  const made = await store.create(maps, map("mine"))
  expect(parseObject(made.bytes)).toMatchObject({ data: { value: "mine" } })
  expect(await store.find(maps, "default", "a")).toBeUndefined()
})

it("what was changed is answered as it was changed, though it is gone, or another's, by then", async () => {
  const { others, store } = start()
  const first = await store.create(maps, map("first"))
  others.push([{ kind: "put", key, value: encodeStored(map("another's")) }])
  const changed = await store.update(maps, first, map("mine"))
  expect(parseObject(changed.bytes)).toMatchObject({
    data: { value: "mine" },
    metadata: { resourceVersion: String(changed.revision) },
  })
  const present = await store.get(maps, "default", "a")
  expect(present.revision).toBeGreaterThan(changed.revision)
  others.push([{ kind: "delete", key }])
  expect(parseObject((await store.update(maps, present, map("last"))).bytes)).toMatchObject({ data: { value: "last" } })
})
