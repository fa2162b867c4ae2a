import { gunzipSync } from "node:zlib"
import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import { WireReader } from "@wick/sdk/protobuf"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeProtobuf } from "./protobuf/decode.ts"
import { encodeProtobuf } from "./protobuf/encode.ts"
import { models } from "./testing/fuzz/models.ts"
import { startTestApi, type TestApi } from "./testing/start.ts"

const everyKind = [...builtinKinds, ...builtinFaces.map(({ kind }) => kind)].map((each) => {
  const { apiVersion, kind, group, plural, namespaced } = each
  return { apiVersion, kind, group, plural, namespaced }
})
const protobuf = "application/vnd.kubernetes.protobuf"
const both = `${protobuf},application/json`
const master = { name: "admin", groups: ["system:masters"] }
const maps = "/api/v1/namespaces/default/configmaps"

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return api.server.handle(new Request(`https://api${path}`, init), master)
}

/** As a Go client asks: protobuf in, protobuf out. */
async function speak(path: string, method = "GET", object?: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await ask(path, {
    method,
    headers: { accept: both, "content-type": protobuf },
    ...(object && { body: new Uint8Array(encodeProtobuf(object)) }),
  })
  expect(response.headers.get("content-type")).toBe(protobuf)
  return decodeProtobuf(new Uint8Array(await response.arrayBuffer()))
}

const configMap = (name: string, data: object = { k: "v" }): Record<string, unknown> => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
})

describe("a client that speaks protobuf", () => {
  it("makes, gets, changes, lists and deletes an object, and reads an error, without a word of JSON", async () => {
    const made = await speak(maps, "POST", configMap("spoken"))
    expect(made).toMatchObject({ kind: "ConfigMap", metadata: { name: "spoken" }, data: { k: "v" } })
    expect(await speak(`${maps}/spoken`)).toEqual(made)
    expect(await speak(`${maps}/spoken`, "PUT", { ...made, data: { k: "w" } })).toMatchObject({ data: { k: "w" } })
    expect(await speak(maps)).toMatchObject({ kind: "ConfigMapList", items: [{ data: { k: "w" } }] })
    const options = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 }
    expect(await speak(`${maps}/spoken`, "DELETE", options)).toMatchObject({ kind: "Status", status: "Success" })
    expect(await speak(`${maps}/spoken`)).toMatchObject({ kind: "Status", reason: "NotFound", code: 404 })
  })

  it.each(builtinKinds.map(({ group, version, plural, listKind }) => ({ group, version, plural, listKind })))(
    "lists $plural of group '$group' in protobuf",
    async ({ group, version, plural, listKind }) => {
      const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
      expect(await speak(`${root}/${plural}`)).toMatchObject({ kind: listKind, metadata: {} })
    },
  )

  it.each(everyKind)(
    "makes, changes and deletes a $kind of $apiVersion",
    async ({ apiVersion, kind, group, plural, namespaced }) => {
      const path = `/${group === "" ? "api" : "apis"}/${apiVersion}/${namespaced ? "namespaces/default/" : ""}${plural}`
      const { name } = { name: "spoken", ...(models[kind]?.metadata as object | undefined) }
      const made = await speak(path, "POST", { apiVersion, kind, ...models[kind], metadata: { name } })
      expect(made).toMatchObject({ apiVersion, kind, metadata: { name } })
      // The server itself may write the status of what is new, and win.
      let changed: Record<string, unknown> = {}
      for (let tries = 0; tries < 5 && changed.kind !== kind; tries++) {
        const live = await speak(`${path}/${name}`)
        const metadata = { ...(live.metadata as object), labels: { a: "b" } }
        changed = await speak(`${path}/${name}`, "PUT", { ...live, metadata })
      }
      expect(changed).toMatchObject({ kind, metadata: { name, labels: { a: "b" } } })
      // What finalizers hold is on its way out, and comes back whole.
      expect(["Status", kind]).toContain((await speak(`${path}/${name}`, "DELETE")).kind)
    },
  )

  it("watches frames, each of its own length, with whole objects inside", async () => {
    await speak(maps, "POST", configMap("watched"))
    const response = await ask(`${maps}?watch=true&fieldSelector=metadata.name%3Dwatched`, {
      headers: { accept: both },
    })
    expect(response.headers.get("content-type")).toBe(`${protobuf};stream=watch`)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const { value = new Uint8Array() } = await reader.read()
    await reader.cancel()
    expect(Buffer.from(value).readUInt32BE(0)).toBe(value.byteLength - 4)
    const event = new WireReader(value, 4)
    event.next()
    expect(event.text()).toBe("ADDED")
    event.next()
    const extension = event.message()
    extension.next()
    expect(decodeProtobuf(extension.bytes())).toMatchObject({ kind: "ConfigMap", metadata: { name: "watched" } })
  })

  it("gets a table in JSON, and the metadata alone in protobuf", async () => {
    await speak(maps, "POST", configMap("told"))
    const table = await ask(maps, {
      headers: { accept: `${protobuf};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io` },
    })
    expect(await table.json()).toMatchObject({ kind: "Table" })
    const accept = `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
    const partial = await ask(maps, { headers: { accept } })
    expect(decodeProtobuf(new Uint8Array(await partial.arrayBuffer()))).toMatchObject({
      kind: "PartialObjectMetadataList",
    })
  })
})

describe("what is not served", () => {
  it("is refused with the types that are, and before anything is written", async () => {
    const refused = await ask(maps, {
      method: "POST",
      headers: { accept: "application/cbor", "content-type": "application/json" },
      body: JSON.stringify(configMap("unread")),
    })
    expect(refused.status).toBe(406)
    expect(((await refused.json()) as { message: string }).message).toBe(
      "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )
    expect((await ask(`${maps}/unread`)).status).toBe(404)
  })
})

it("takes YAML and answers in it for who asks", async () => {
  const response = await ask(maps, {
    method: "POST",
    headers: { accept: "application/yaml", "content-type": "application/yaml" },
    body: "metadata: {name: plain}\ndata:\n  k: v\n",
  })
  expect(response.headers.get("content-type")).toBe("application/yaml")
  expect(await response.text()).toContain("data:\n  k: v\n")
})

it("squeezes an answer over 128 KiB for who takes gzip, and no smaller one", async () => {
  await speak(maps, "POST", configMap("large", { k: "v".repeat(200_000) }))
  const large = await ask(`${maps}/large`, { headers: { "accept-encoding": "gzip, br" } })
  expect(large.headers.get("content-encoding")).toBe("gzip")
  const text = gunzipSync(Buffer.from(await large.arrayBuffer())).toString()
  expect(JSON.parse(text)).toMatchObject({ metadata: { name: "large" } })
  const plain = await ask(`${maps}/large`)
  expect(plain.headers.get("content-encoding")).toBeNull()
  await speak(maps, "POST", configMap("small"))
  const small = await ask(`${maps}/small`, { headers: { "accept-encoding": "gzip" } })
  expect(small.headers.get("content-encoding")).toBeNull()
})

describe("a body that names a field twice", () => {
  const twice = (name: string, query: string): Promise<Response> =>
    ask(`${maps}?${query}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"metadata":{"name":"${name}"},"data":{"k":"1","k":"2"}}`,
    })

  it("is refused by who validates strictly, warned of by default, and let be by who ignores", async () => {
    const strict = await twice("strict", "fieldValidation=Strict")
    expect(strict.status).toBe(400)
    expect(((await strict.json()) as { message: string }).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.k"',
    )
    const warned = await twice("warned", "")
    expect(warned.status).toBe(201)
    expect(warned.headers.get("warning")).toContain("duplicate field")
    expect((await twice("ignored", "fieldValidation=Ignore")).headers.get("warning")).toBeNull()
  })
})
