import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

const group = "names.test"
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
const merge = "application/merge-patch+json"
const text = { type: "string" }

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

async function send(method: string, path: string, body?: object, type = "application/json"): Promise<Response> {
  const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const init = { method, ...(body && { body: JSON.stringify(body), headers: { "content-type": type } }) }
  return fetch(new Request(`http://x${path}`, init))
}
// biome-ignore lint/suspicious/noExplicitAny: answers of every kind are looked into.
async function call(method: string, path: string, body?: object, type?: string): Promise<any> {
  return (await send(method, path, body, type)).json()
}

interface Names {
  plural: string
  kind: string
  shortNames?: string[]
  [name: string]: unknown
}

function version(fields: object = {}, more: object = {}): object {
  const schema = { openAPIV3Schema: { type: "object", properties: fields } }
  return { name: "v1", served: true, storage: true, schema, ...more }
}

const define = (names: Names, versions: object[] = [version()]): Promise<unknown> =>
  call("POST", definitions, {
    metadata: { name: `${names.plural}.${group}` },
    spec: { group, scope: "Cluster", names, versions },
  })

/** The definition, when its condition has that status. */
async function until(plural: string, type: string, status: string): Promise<CustomResourceDefinition> {
  for await (const { object } of api.client.watch(CustomResourceDefinition, { signal: AbortSignal.timeout(60_000) })) {
    const found = object as CustomResourceDefinition
    if (found.metadata.name !== `${plural}.${group}`) continue
    if (found.status?.conditions?.some((each) => each.type === type && each.status === status)) return found
  }
  throw new Error(`${plural} never had ${type}=${status}`)
}

const conditions = ({ status }: CustomResourceDefinition): unknown[] =>
  (status?.conditions ?? []).map(({ type, status, reason, message }) => [type, status, reason, message])

describe("names of a definition", () => {
  it("are accepted when nobody has them, with those that it did not say", async () => {
    await define({ plural: "cats", kind: "Cat", shortNames: ["ct"] })
    const accepted = await until("cats", "Established", "True")
    expect(accepted.status?.acceptedNames).toEqual({
      plural: "cats",
      singular: "cat",
      kind: "Cat",
      listKind: "CatList",
      shortNames: ["ct"],
    })
    expect(conditions(accepted)).toEqual([
      ["NamesAccepted", "True", "NoConflicts", "no conflicts found"],
      ["Established", "True", "InitialNamesAccepted", "the initial names have been accepted"],
    ])
  })

  it.each([
    { names: { plural: "dogs", kind: "Cat" }, reason: "ListKindConflict", message: '"CatList" is already in use' },
    {
      names: { plural: "dogs", kind: "Cat", listKind: "Dogs" },
      reason: "KindConflict",
      message: '"Cat" is already in use',
    },
    {
      names: { plural: "dogs", kind: "Dog", singular: "cat" },
      reason: "SingularConflict",
      message: '"cat" is already in use',
    },
    {
      names: { plural: "dogs", kind: "Dog", shortNames: ["ct", "cats"] },
      reason: "ShortNamesConflict",
      message: '["ct" is already in use, "cats" is already in use]',
    },
  ])("that another has are not: $reason", async ({ names, reason, message }) => {
    await define({ plural: "cats", kind: "Cat", shortNames: ["ct"] })
    await define(names)
    expect(conditions(await until("dogs", "NamesAccepted", "False"))).toEqual([
      ["NamesAccepted", "False", reason, message],
      ["Established", "False", "NotAccepted", "not all names are accepted"],
    ])
    expect((await send("GET", `/apis/${group}/v1/dogs`)).status).toBe(404)
  })

  it("are accepted as soon as whoever had them is gone", async () => {
    await define({ plural: "cats", kind: "Cat", shortNames: ["pet"] })
    await define({ plural: "dogs", kind: "Dog", shortNames: ["pet"] })
    await until("dogs", "NamesAccepted", "False")
    await call("DELETE", `${definitions}/cats.${group}`)
    await until("dogs", "Established", "True")
    expect((await send("GET", `/apis/${group}/v1/dogs`)).status).toBe(200)
  })

  it("that are in use stay when a change would take those of another", async () => {
    await define({ plural: "cats", kind: "Cat", shortNames: ["ct"] })
    await define({ plural: "dogs", kind: "Dog", shortNames: ["dg"] })
    await until("dogs", "Established", "True")
    await call("PATCH", `${definitions}/dogs.${group}`, { spec: { names: { shortNames: ["ct"] } } }, merge)
    const refused = await until("dogs", "NamesAccepted", "False")
    expect(conditions(refused).at(-1)).toEqual(expect.arrayContaining(["Established", "True"]))
    const { resources } = await call("GET", `/apis/${group}/v1`)
    expect(resources.find(({ name }: { name: string }) => name === "dogs").shortNames).toEqual(["dg"])
  })
})

describe("a definition that changes", () => {
  it("ends its watches, which go on where they were in what is served now", async () => {
    const selectable = { selectableFields: [{ jsonPath: ".mood" }] }
    await define({ plural: "cats", kind: "Cat" }, [version({ mood: text })])
    await until("cats", "Established", "True")
    const cats = `/apis/${group}/v1/cats`
    const { metadata } = await call("POST", cats, { metadata: { name: "tom" }, mood: "calm" })
    const watch = await send("GET", `${cats}?watch=true&resourceVersion=${metadata.resourceVersion}`)
    const ended = watch.text()
    await call("PATCH", `${cats}/tom`, { mood: "wild" }, merge)
    const versions = [version({ mood: text, age: { type: "integer" } }, selectable)]
    await call("PATCH", `${definitions}/cats.${group}`, { spec: { versions } }, merge)
    expect((await ended).trim().split("\n").length).toBe(1)
    expect((await call("GET", `${cats}?fieldSelector=mood%3Dwild`)).items).toHaveLength(1)
    const since = `watch=true&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`
    const again = await (await send("GET", `${cats}?${since}&fieldSelector=mood%3Dwild`)).text()
    expect(JSON.parse(again)).toMatchObject({ type: "ADDED", object: { mood: "wild" } })
  })

  it("is another document for those who ask how it looks, and no other is", async () => {
    await define({ plural: "cats", kind: "Cat" })
    await until("cats", "Established", "True")
    const addresses = async (): Promise<Record<string, string>> => {
      const { paths } = await call("GET", "/openapi/v3")
      return Object.fromEntries(
        Object.entries<{ serverRelativeURL: string }>(paths).map(([root, { serverRelativeURL }]) => [
          root,
          serverRelativeURL,
        ]),
      )
    }
    const before = await addresses()
    expect(await addresses()).toEqual(before)
    const spec = { versions: [version({ lives: text })] }
    await call("PATCH", `${definitions}/cats.${group}`, { spec }, merge)
    await expect.poll(async () => (await addresses())[`apis/${group}/v1`]).not.toBe(before[`apis/${group}/v1`])
    expect({ ...(await addresses()), [`apis/${group}/v1`]: "" }).toEqual({ ...before, [`apis/${group}/v1`]: "" })
  })

  it("keeps its kind once it is served", async () => {
    await define({ plural: "cats", kind: "Cat" })
    await until("cats", "Established", "True")
    const { code, message } = await call(
      "PATCH",
      `${definitions}/cats.${group}`,
      { spec: { names: { kind: "Lion" } } },
      merge,
    )
    expect(code).toBe(422)
    expect(message).toContain('spec.names.kind: Invalid value: "Lion": field is immutable')
  })
})

it("a definition that ends lets nothing new begin, and says so", async () => {
  await define({ plural: "cats", kind: "Cat" })
  await until("cats", "Established", "True")
  const cats = `/apis/${group}/v1/cats`
  await call("POST", cats, { metadata: { name: "tom", finalizers: ["names.test/hold"] } })
  await call("DELETE", `${definitions}/cats.${group}`)
  const ending = await until("cats", "Terminating", "True")
  expect(conditions(ending).at(-1)).toEqual([
    "Terminating",
    "True",
    "InstanceDeletionInProgress",
    "CustomResource deletion is in progress",
  ])
  expect(await call("POST", cats, { metadata: { name: "tim" } })).toMatchObject({
    code: 405,
    message: "create not allowed while custom resource definition is terminating",
  })
})
