import type { AnyObject } from "@wick/sdk/api/kind"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
const pods = "/api/v1/namespaces/default/pods"
const deployments = "/apis/apps/v1/namespaces/default/deployments"
const containers = [{ name: "a", image: "i" }]

beforeAll(async () => {
  api = await startTestApi()
  await send("POST", pods, { metadata: { name: "p" }, spec: { containers } })
  const template = { metadata: { labels: { a: "b" } }, spec: { containers } }
  await send("POST", deployments, {
    metadata: { name: "d" },
    spec: { selector: { matchLabels: { a: "b" } }, template },
  })
})
afterAll(() => api[Symbol.asyncDispose]())

async function send(method: string, path: string, body?: unknown, type = "application/json"): Promise<Response> {
  const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } }
  return fetch(new Request(`http://x${path}`, { method, ...init }))
}

async function message(response: Promise<Response>): Promise<string> {
  const { code, message: text } = (await (await response).json()) as { code: number; message: string }
  return `${code} ${text}`
}

describe("a request is refused", () => {
  it("when it reads what can only be written to: a GET evicts and binds nothing", async () => {
    expect((await send("GET", `${pods}/p/eviction`)).status).toBe(405)
    expect((await send("GET", `${pods}/p/binding`)).status).toBe(405)
    expect((await send("POST", `${pods}/p/log`, {})).status).toBe(405)
    expect((await send("GET", `${pods}/p`)).status).toBe(200)
  })

  it("when an option is misspelt, instead of doing what was not meant", async () => {
    const body = { metadata: { name: "q" }, spec: { containers } }
    expect(await message(send("POST", `${pods}?dryRun=all`, body))).toContain(
      '422 CreateOptions.meta.k8s.io "" is invalid',
    )
    expect(await message(send("DELETE", `${pods}/p?dryRun=yes`))).toContain('dryRun: Unsupported value: "yes"')
    expect(await message(send("DELETE", `${pods}/p?propagationPolicy=foreground`))).toContain(
      'propagationPolicy: Unsupported value: "foreground": supported values: "Background", "Foreground", "Orphan"',
    )
  })

  it("when a new object says that it was read before", async () => {
    const body = { metadata: { name: "q", resourceVersion: "1" }, spec: { containers } }
    expect(await message(send("POST", pods, body))).toBe(
      "400 resourceVersion should not be set on objects to be created",
    )
  })

  it("when what it would update is gone, and is another's name by now, though an update may make it", async () => {
    const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    const made = (await (await send("POST", leases, { metadata: { name: "l" }, spec: {} })).json()) as AnyObject
    await send("DELETE", `${leases}/l`)
    expect(await message(send("PUT", `${leases}/l`, made))).toBe(
      `409 Operation cannot be fulfilled on leases.coordination.k8s.io "l": Precondition failed: UID in precondition: ${made.metadata.uid}, UID in object meta: `,
    )
    const { uid: _, ...metadata } = made.metadata
    expect((await send("PUT", `${leases}/l`, { ...made, metadata })).status).toBe(201)
  })

  it("not for losing a race to make what an update may make", async () => {
    const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/raced"
    const put = (verb: string) =>
      send("PUT", path, {
        metadata: { name: "raced" },
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: [verb] }],
      })
    expect((await Promise.all([put("get"), put("list")])).map(({ status }) => status).sort()).toEqual([200, 201])
  })

  it("when the body is of another kind, however odd", async () => {
    expect(await message(send("POST", pods, { kind: { toString: [[]] } }))).toMatch(
      /^400 .* cannot be handled as a Pod/,
    )
    expect(await message(send("PUT", `${deployments}/d/scale`, ["_"]))).toContain("400 the body must be a Scale object")
    expect(await message(send("DELETE", `${pods}/p`, "x"))).toContain("400 the body must be a DeleteOptions object")
  })
})

const name = fc.constantFrom("metadata", "spec", "labels", "containers", "template", "replicas", "$patch", "kind", "op")
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, "", "x", 0, -1, true, "replace", "delete"),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(name, tie("any"), { maxKeys: 4 }),
  ),
})).any
const operation = fc.record({
  op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "x"),
  path: fc.constantFrom("", "/", "/metadata", "/spec/template", "/spec/replicas", "/__proto__/x", "x", "/status"),
  from: fc.constantFrom("", "/metadata", "/spec"),
  value,
})

describe("a patch that makes no sense", () => {
  it.each(["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"])(
    "is a mistake of its sender and never one of the server: %s",
    async (type) => {
      const body = fc.oneof(value, fc.array(fc.oneof(operation, value), { maxLength: 3 }))
      const part = fc.constantFrom("", "/status", "/scale")
      await fc.assert(
        fc.asyncProperty(body, part, async (patch, subresource) => {
          const path = `${deployments}/d${subresource}?fieldManager=f&force=true&dryRun=All`
          const response = await send("PATCH", path, patch, `application/${type}`)
          expect(response.status, await response.text()).toBeLessThan(500)
        }),
        { numRuns: 100 },
      )
    },
  )
})
