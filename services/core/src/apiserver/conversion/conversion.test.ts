import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { openPki, type Pki } from "#pki"
import { startTestApi, type TestApi } from "../testing/start.ts"

interface Question {
  uid: string
  desiredAPIVersion: string
  objects: AnyObject[]
}
const group = "shapes.test"
const v1 = `/apis/${group}/v1/namespaces/default/boxes`
const v2 = `/apis/${group}/v2/namespaces/default/boxes`
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

let directory: string
let pki: Pki
let webhook: Server
let port: number
let api: TestApi
let questions: Question[] = []
let answer: (question: Question) => object

/** v1 has a size such as "2x3", v2 a width and a height. */
function convert(object: AnyObject, apiVersion: string): AnyObject {
  const { size, width, height, ...rest } = object as AnyObject & { size?: string; width?: number; height?: number }
  if (apiVersion.endsWith("/v1")) return { ...rest, apiVersion, size: `${width}x${height}` } as unknown as AnyObject
  const [w = 0, h = 0] = (size ?? "").split("x").map(Number)
  return { ...rest, apiVersion, width: w, height: h } as unknown as AnyObject
}
const good = ({ uid, desiredAPIVersion, objects }: Question): object => ({
  uid,
  result: { status: "Success" },
  convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)),
})

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-conversion-"))
  const clock = new SimulatedClock(performance.timeOrigin + performance.now())
  const serverNames = ["localhost"]
  pki = await openPki({ directory, serverNames, clusterDomain: "cluster.local", clock, log: silentLog })
  const { certificatePem: cert, privateKeyPem: key } = pki.serving
  webhook = createServer({ cert, key }, async (request, response) => {
    let text = ""
    for await (const chunk of request) text += chunk
    const review = JSON.parse(text) as { apiVersion: string; kind: string; request: Question }
    questions.push(review.request)
    response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, response: answer(review.request) }))
  })
  webhook.listen(0, "127.0.0.1")
  await once(webhook, "listening")
  port = (webhook.address() as AddressInfo).port
})
afterAll(async () => {
  webhook.closeAllConnections()
  webhook.close()
  await rm(directory, { recursive: true, force: true })
})

beforeEach(async () => {
  answer = good
  questions = []
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

const integer = { type: "integer" }
const version = (name: string, properties: object, more: object = {}): object => ({
  name,
  served: true,
  storage: false,
  schema: { openAPIV3Schema: { type: "object", properties } },
  ...more,
})

async function define(strategy: "None" | "Webhook", more: { old?: object; caBundle?: string } = {}): Promise<unknown> {
  const caBundle = more.caBundle ?? Buffer.from(pki.authorityPem).toString("base64")
  const clientConfig = { url: `https://127.0.0.1:${port}/convert`, caBundle }
  return call("POST", definitions, {
    metadata: { name: `boxes.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "boxes", kind: "Box" },
      conversion: {
        strategy,
        ...(strategy === "Webhook" && { webhook: { clientConfig, conversionReviewVersions: ["v9", "v1"] } }),
      },
      versions: [
        version("v1", { size: { type: "string" } }, { storage: true, ...more.old }),
        version("v2", { width: integer, height: integer }),
      ],
    },
  })
}
const box = (name: string, fields: object, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  ...fields,
})

describe("a definition with a conversion webhook", () => {
  beforeEach(() => define("Webhook"))

  it("stores one version and serves all", async () => {
    expect(await call("POST", v2, box("a", { width: 2, height: 3 }))).toMatchObject({ width: 2, height: 3 })
    expect(await call("GET", `${v1}/a`)).toMatchObject({ apiVersion: `${group}/v1`, size: "2x3" })
    const patch = { width: 5 }
    const type = "application/merge-patch+json"
    expect(await call("PATCH", `${v2}/a`, patch, type)).toMatchObject({ width: 5, height: 3 })
    expect(await call("GET", `${v1}/a`)).toMatchObject({ size: "5x3" })
    const [stored] = (await api.storage.range({ key: `/registry/${group}/boxes/default/a` })).kvs
    expect(JSON.parse(Buffer.from(stored?.value ?? []).toString())).toMatchObject({ apiVersion: `${group}/v1` })
  })

  it("is asked once for all objects of a list", async () => {
    for (const name of ["a", "b", "c"]) await call("POST", v1, box(name, { size: "1x2" }))
    expect(questions).toEqual([])
    const { items } = await call("GET", v2)
    expect(
      items.map(({ metadata, width, height }: never) => [(metadata as AnyObject["metadata"]).name, width, height]),
    ).toEqual(["a", "b", "c"].map((name) => [name, 1, 2]))
    expect(questions).toMatchObject([{ desiredAPIVersion: `${group}/v2`, objects: [{}, {}, {}] }])
  })

  it("converts what a watch shows, in order", async () => {
    await call("POST", v1, box("a", { size: "1x2" }))
    const response = await send("GET", `${v2}?watch=true`)
    const seen: unknown[] = []
    let text = ""
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const lines = text.split("\n")
      text = lines.pop() ?? ""
      for (const line of lines) seen.push([JSON.parse(line).type, JSON.parse(line).object.width])
      if (seen.length === 1) {
        for (const size of ["2x2", "3x2"]) await call("PATCH", `${v1}/a`, { size }, "application/merge-patch+json")
        await call("DELETE", `${v1}/a`)
      }
      if (seen.length === 4) break
    }
    expect(seen).toEqual([
      ["ADDED", 1],
      ["MODIFIED", 2],
      ["MODIFIED", 3],
      ["DELETED", 3],
    ])
  })

  it("may change labels and annotations, and no other metadata", async () => {
    answer = ({ uid, desiredAPIVersion, objects }) => ({
      uid,
      result: { status: "Success" },
      convertedObjects: objects.map((object) => {
        const metadata = { ...object.metadata, labels: { by: "webhook" }, finalizers: ["a.test/b"] }
        return { ...convert(object, desiredAPIVersion), metadata }
      }),
    })
    await call("POST", v1, box("a", { size: "1x2" }))
    const { metadata } = await call("GET", `${v2}/a`)
    expect(metadata.labels).toEqual({ by: "webhook" })
    expect(metadata.finalizers).toBeUndefined()
  })

  const from = `conversion webhook for ${group}/v1, Kind=Box`
  const result = { status: "Success" }
  const changed =
    (change: (object: AnyObject) => object) =>
    ({ uid, desiredAPIVersion, objects }: Question) => ({
      uid,
      result,
      convertedObjects: objects.map((object) => change(convert(object, desiredAPIVersion))),
    })
  it.each<{ name: string; answer: typeof answer; message: string }>([
    {
      name: "says why it cannot",
      answer: ({ uid }) => ({ uid, result: { status: "Failed", message: "no such size" } }),
      message: `${from} failed: no such size`,
    },
    {
      name: "gives every object back",
      answer: ({ uid }) => ({ uid, result, convertedObjects: [] }),
      message: `${from} returned 0 objects, expected 1`,
    },
    {
      name: "answers the question that it was asked",
      answer: () => ({ uid: "other", result }),
      message: `${from} failed: expected response.uid=`,
    },
    {
      name: "never renames an object",
      answer: changed((object) => ({ ...object, metadata: { ...object.metadata, name: "b" } })),
      message: `${from} returned invalid converted object at index 0: must have the same name: a != b`,
    },
    {
      name: "never gives an object another identity",
      answer: changed((object) => ({ ...object, metadata: { ...object.metadata, uid: "mine" } })),
      message: `${from} returned invalid converted object at index 0: must have the same UID: `,
    },
    {
      name: "converts to the version that was asked for",
      answer: changed((object) => ({ ...object, apiVersion: `${group}/v3` })),
      message: `${from} returned invalid converted object at index 0: invalid groupVersion (received ${group}/v3, expected ${group}/v2)`,
    },
  ])("$name", async ({ answer: wrong, message }) => {
    await call("POST", v1, box("a", { size: "1x2" }))
    answer = wrong
    const status = await call("GET", `${v2}/a`)
    expect(status).toMatchObject({ kind: "Status", code: 500, reason: "InternalError" })
    expect(status.message).toContain(message)
    expect(await call("GET", `${v1}/a`)).toMatchObject({ size: "1x2" })
  })
})

it("a webhook that nobody vouches for is not believed, and its address is named", async () => {
  const caBundle = ""
  await define("Webhook", { caBundle })
  await call("POST", v1, box("a", { size: "1x2" }))
  const { code, message } = await call("GET", `${v2}/a`)
  expect(code).toBe(500)
  expect(message).toMatch(
    `conversion webhook for ${group}/v1, Kind=Box failed: Post "https://127.0.0.1:${port}/convert?timeout=30s": `,
  )
})

describe("a definition without conversion", () => {
  it("changes the name of the version and drops what the other does not know", async () => {
    await define("None")
    await call("POST", v1, box("a", { size: "1x2" }))
    const seen = await call("GET", `${v2}/a`)
    expect(seen.apiVersion).toBe(`${group}/v2`)
    expect(seen).not.toHaveProperty("size")
    expect(questions).toEqual([])
  })

  it("moves an object to the version that is stored now when it is written again", async () => {
    await define("None")
    await call("POST", v1, box("a", { size: "1x2" }))
    const name = `boxes.${group}`
    const definition = await call("GET", `${definitions}/${name}`)
    const versions = definition.spec.versions.map((each: { name: string }) => ({
      ...each,
      storage: each.name === "v2",
    }))
    const moved = await call("PATCH", `${definitions}/${name}`, { spec: { versions } }, "application/merge-patch+json")
    expect(moved.status.storedVersions).toEqual(["v1", "v2"])
    expect(await call("GET", `${v1}/a`)).toMatchObject({ apiVersion: `${group}/v1`, size: "1x2" })
    await call("PATCH", `${v2}/a`, {}, "application/merge-patch+json")
    const [stored] = (await api.storage.range({ key: `/registry/${group}/boxes/default/a` })).kvs
    expect(JSON.parse(Buffer.from(stored?.value ?? []).toString())).toMatchObject({ apiVersion: `${group}/v2` })
  })

  it("keeps a version that objects may still be stored in", async () => {
    await define("None")
    const name = `boxes.${group}`
    const versions = [version("v2", { width: integer }, { storage: true })]
    const refused = await call(
      "PATCH",
      `${definitions}/${name}`,
      { spec: { versions } },
      "application/merge-patch+json",
    )
    expect(refused.message).toContain(
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    )
  })

  it.each([
    { old: { deprecated: true }, says: `299 - "${group}/v1 Box is deprecated; use ${group}/v2 Box"` },
    { old: { deprecated: true, deprecationWarning: "boxes v1 end soon" }, says: '299 - "boxes v1 end soon"' },
  ])("warns of a version that is deprecated: $says", async ({ old, says }) => {
    await define("None", { old })
    expect((await send("GET", v1)).headers.get("warning")).toBe(says)
    expect((await send("GET", v2)).headers.get("warning")).toBeNull()
  })

  it("does not serve a version that is switched off", async () => {
    await define("None", { old: { served: false } })
    expect((await send("GET", v1)).status).toBe(404)
    expect((await send("POST", v2, box("a", { width: 1 }))).status).toBe(201)
    expect(await call("GET", `${v2}/a`)).toMatchObject({ apiVersion: `${group}/v2` })
  })
})
