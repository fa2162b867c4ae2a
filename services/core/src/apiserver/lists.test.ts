import { ConfigMap, CustomResourceDefinition, defineKind } from "@wick/sdk/api"
import { createLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import * as z from "zod"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
let logged: string[]
const namespace = "default"
const path = `/api/v1/namespaces/${namespace}/configmaps`

beforeEach(async () => {
  logged = []
  const log = createLog({ level: "warn", format: "text", now: () => 0, write: (line) => logged.push(line) })
  api = await startTestApi({ log })
  for (const name of ["a", "b", "c", "d"]) await api.client.create(ConfigMap, { metadata: { name, namespace } })
})
afterEach(() => api[Symbol.asyncDispose]())

interface List {
  code?: number
  message?: string
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: { metadata: { name: string }; data?: { by?: string } }[]
}

async function list(query: string, at = path): Promise<List> {
  const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
  return (await (await fetch(new Request(`http://x${at}?${query}`))).json()) as List
}

const names = ({ items }: List): string[] => items.map(({ metadata }) => metadata.name)

it("A long list that is asked for again and again is always of the present, and of what was asked for", async () => {
  const data = { by: "x".repeat(40_000) }
  for (const name of ["e", "f", "g"]) {
    await api.client.create(ConfigMap, { metadata: { name, namespace, labels: { long: "true" } }, data })
  }
  const long = "labelSelector=long%3Dtrue"
  const first = await list(long)
  expect(names(first)).toEqual(["e", "f", "g"])
  expect(await list(long)).toEqual(first)
  await api.client.patch(ConfigMap, { name: "f", namespace }, { type: "merge", body: { data: { by: "later" } } })
  const second = await list(long)
  expect(second.items.map((item) => item.data?.by?.length)).toEqual([40_000, 5, 40_000])
  expect(second.metadata).toEqual({ resourceVersion: String(api.storage.currentRevision()) })
  expect(names(await list(""))).toEqual(["a", "b", "c", "d", "e", "f", "g"])
  await api.client.delete(ConfigMap, { name: "a", namespace })
  expect(names(await list(""))).toEqual(["b", "c", "d", "e", "f", "g"])
  expect(names(await list(long))).toEqual(["e", "f", "g"])
})

describe("pages of a list", () => {
  it("are all of the moment of the first, whatever is written between them", async () => {
    const first = await list("limit=2")
    await api.client.delete(ConfigMap, { name: "c", namespace })
    await api.client.create(ConfigMap, { metadata: { name: "bb", namespace } })
    const body = { data: { by: "later" } }
    await api.client.patch(ConfigMap, { name: "d", namespace }, { type: "merge", body })
    const second = await list(`limit=2&continue=${first.metadata.continue}`)
    expect([...names(first), ...names(second)]).toEqual(["a", "b", "c", "d"])
    expect(second.items.at(-1)?.data).toBeUndefined()
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion })
    expect(names(await list(""))).toEqual(["a", "b", "bb", "d"])
  })

  it("end with Expired when the moment is forgotten, and go on in the present for who asks so", async () => {
    const first = await list("limit=2")
    await api.client.delete(ConfigMap, { name: "d", namespace })
    await api.storage.compact(api.storage.currentRevision())
    const second = await list(`limit=2&continue=${first.metadata.continue}`)
    expect(second).toMatchObject({ code: 410, reason: "Expired" })
    await api.client.create(ConfigMap, { metadata: { name: "e", namespace } })
    expect(names(await list(`limit=2&continue=${second.metadata.continue}`))).toEqual(["c", "e"])
  })

  it.each(["", "labelSelector=odd%3Dtrue"])(
    "are the whole of a moment that is past, though it is read some at a time (%s)",
    async (selector) => {
      const wanted = Array.from({ length: 1_300 }, (_, at) => ({ name: `many-${String(at).padStart(4, "0")}`, at }))
      for (let from = 0; from < wanted.length; from += 100) {
        const success = wanted.slice(from, from + 100).map(({ name, at }) => {
          const metadata = { name, namespace: "many", labels: { odd: String(at % 2 === 1) } }
          const value = Buffer.from(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata }))
          return { kind: "put" as const, key: `/registry/core/configmaps/many/${name}`, value }
        })
        await api.storage.txn({ compare: [], success, failure: [] })
      }
      const found: string[] = []
      const left: (number | undefined)[] = []
      let next: string | undefined = ""
      for (let pages = 0; next !== undefined && pages < 10; pages++) {
        const page: List = await list(`${selector}&limit=300&continue=${next}`, "/api/v1/namespaces/many/configmaps")
        found.push(...names(page))
        left.push(page.metadata.remainingItemCount)
        next = page.metadata.continue
        await api.client.delete(ConfigMap, { name: `many-${String(pages).padStart(4, "0")}`, namespace: "many" })
      }
      const isWanted = ({ at }: { at: number }): boolean => selector === "" || at % 2 === 1
      expect(found).toEqual(wanted.filter(isWanted).map(({ name }) => name))
      const none = undefined
      expect(left).toEqual(selector === "" ? [1_000, 700, 400, 100, none] : [none, none, none])
    },
  )

  it("are not given for a token that nobody gave", async () => {
    const forged = (token: object): string => Buffer.from(JSON.stringify(token)).toString("base64url")
    const v = "meta.k8s.io/v1"
    for (const [token, why] of [
      ["x", "it was not given by this server"],
      [forged({ v: "other", rv: 1, start: "x" }), "server does not recognize this encoded version other"],
      [forged({ v, rv: 0, start: "x" }), `incorrect encoded start resourceVersion (version ${v})`],
      [forged({ v, rv: 999, start: "x" }), `incorrect encoded start resourceVersion (version ${v})`],
      [forged({ v, rv: 1 }), `encoded start key empty (version ${v})`],
    ]) {
      const message = `invalid continue token: continue key is not valid: ${why}`
      expect(await list(`continue=${token}`)).toMatchObject({ code: 400, reason: "BadRequest", message })
    }
  })
})

describe("a list of a version", () => {
  it("is exactly that one when it is asked for", async () => {
    const { metadata } = await list("")
    await api.client.delete(ConfigMap, { name: "a", namespace })
    const past = await list(`resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`)
    expect(names(past)).toEqual(["a", "b", "c", "d"])
    expect(names(await list(`resourceVersion=${metadata.resourceVersion}`))).toEqual(["b", "c", "d"])
  })

  it("that has not come yet is asked for again, which is no fault of the server that its log tells", async () => {
    const future = await list("resourceVersion=999")
    expect(future).toMatchObject({ code: 504, reason: "Timeout", details: { retryAfterSeconds: 1 } })
    expect(future.message).toMatch(/^Timeout: Too large resource version: 999, current: \d+$/)
    const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }]
    expect(future).toMatchObject({ details: { causes } })
    const initial = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999"
    expect(await list(initial)).toMatchObject({ code: 504, details: { causes } })
    const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
    const one = await fetch(new Request(`http://x${path}/a?resourceVersion=999`))
    expect({ status: one.status, retry: one.headers.get("retry-after") }).toEqual({ status: 504, retry: "1" })
    expect(logged).toEqual([])
  })

  it("that is forgotten has expired", async () => {
    const { metadata } = await list("")
    await api.client.delete(ConfigMap, { name: "d", namespace })
    await api.storage.compact(api.storage.currentRevision())
    expect(await list(`resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`)).toMatchObject({
      code: 410,
      reason: "Expired",
      message: "The resourceVersion for the provided list is too old.",
    })
  })
})

const refused = 'ListOptions.meta.k8s.io "" is invalid:'
const at = "resourceVersionMatch"
const initial = "sendInitialEvents=true"
const [needsInitial, needsMatch] = [
  "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
  "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
]

it.each([
  [`${at}=Exact`, 422, `${at}: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`],
  [
    `resourceVersion=1&${at}=Newest`,
    422,
    `${at}: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""`,
  ],
  [
    `resourceVersion=0&${at}=Exact`,
    422,
    `${at}: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
  ],
  [
    `resourceVersion=1&${at}=Exact&continue=x`,
    422,
    `${at}: Forbidden: resourceVersionMatch is forbidden when continue is provided`,
  ],
  [initial, 422, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"],
  [`watch=true&${initial}`, 422, `${at}: Forbidden: ${needsMatch}`],
  [`watch=true&${at}=NotOlderThan`, 422, `${at}: Forbidden: ${needsInitial}`],
  [
    `watch=true&${at}=Exact`,
    422,
    `[${at}: Forbidden: ${needsInitial}, ${at}: Unsupported value: "Exact": supported values: "NotOlderThan"]`,
  ],
  [
    `watch=true&${at}=Exact&${initial}`,
    422,
    `[${at}: Forbidden: ${needsMatch}, ${at}: Unsupported value: "Exact": supported values: "NotOlderThan"]`,
  ],
])("a list or watch with %s alone is refused", async (options, code, message) => {
  expect(await list(options)).toMatchObject({ code, message: `${refused} ${message}` })
})

it.each([
  [
    "resourceVersion=abc",
    'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  ["limit=few", 'strconv.ParseInt: parsing "few": invalid syntax'],
  ["watch=true&timeoutSeconds=1s", 'strconv.ParseInt: parsing "1s": invalid syntax'],
])("a list or watch with %s cannot be read", async (options, message) => {
  expect(await list(options)).toMatchObject({ code: 400, reason: "BadRequest", message })
})

it("who goes on with a list names no version", async () => {
  const { metadata } = await list("limit=1")
  const message = "specifying resource version is not allowed when using continue"
  expect(await list(`continue=${metadata.continue}&resourceVersion=1`)).toMatchObject({ code: 400, message })
})

describe("a definition that is deleted", () => {
  it("stays, and stays served, until the last of its objects has let go", async () => {
    const Thing = defineKind({
      group: "a.test",
      version: "v1",
      kind: "Thing",
      plural: "things",
      description: "A thing.",
      schema: z.object({ size: z.int().optional() }),
    })
    const schema = { openAPIV3Schema: { type: "object" } }
    await api.client.create(CustomResourceDefinition, {
      metadata: { name: "things.a.test" },
      spec: {
        group: "a.test",
        scope: "Namespaced",
        names: { plural: "things", kind: "Thing" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    })
    await api.client.create(Thing, { metadata: { name: "held", namespace, finalizers: ["a.test/hold"] } })
    const gone = seen(CustomResourceDefinition, "DELETED")
    const marked = seen(Thing, "MODIFIED")
    await api.client.delete(CustomResourceDefinition, { name: "things.a.test" })
    await marked
    await api.client.get(CustomResourceDefinition, { name: "things.a.test" })
    const body = { metadata: { finalizers: null } }
    await api.client.patch(Thing, { name: "held", namespace }, { type: "merge", body })
    await gone
    await expect(api.client.get(Thing, { name: "held", namespace })).rejects.toThrow("could not find the requested")
  })
})

async function seen(kind: Parameters<TestApi["client"]["watch"]>[0], type: string): Promise<void> {
  for await (const event of api.client.watch(kind, { signal: AbortSignal.timeout(60_000) })) {
    if (event.type === type) return
  }
}
