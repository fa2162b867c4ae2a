import { once } from "node:events"
import { connect, type TLSSocket } from "node:tls"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { type Client, createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type ExtensionServer,
  group,
  registration,
  root,
  startExtensionServer,
  version,
} from "../testing/extension-server.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"

const name = `${version}.${group}`
const flunders = `${root}/namespaces/shop/flunders`
const undo = new AsyncDisposableStack()
let api: SecureTestApi
let client: Client
let wardle: ExtensionServer

beforeAll(async () => {
  api = undo.use(await startSecureTestApi())
  client = createClient({ fetch: api.fetch })
  wardle = undo.use(await startExtensionServer(api))
  const { namespace, service, slice, apiService } = registration(api, wardle)
  await client.create(Namespace, namespace as never)
  const isThere = condition("True", "Passed")
  await client.create(APIService, apiService as never)
  await condition("False", "ServiceNotFound")
  await client.create(Service, service as never)
  await condition("False", "EndpointsNotFound")
  await client.create(EndpointSlice, slice as never)
  await isThere
})
afterAll(() => undo.disposeAsync())

/** Resolves when the APIService says so: each step of the way is seen by a watch. */
async function condition(status: string, reason: string, of = name): Promise<string> {
  const signal = AbortSignal.timeout(60_000)
  for await (const { object } of client.watch(APIService, { fieldSelector: `metadata.name=${of}`, signal })) {
    const found = (object as APIService).status?.conditions?.find(({ type }) => type === "Available")
    if (found?.status === status && found.reason === reason) return found.message ?? ""
  }
  throw new Error(`${of} never became ${status} because of ${reason}`)
}

/** Resolves when there is no such APIService any more. */
async function gone(of: string): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  const named = { fieldSelector: `metadata.name=${of}`, signal }
  if ((await client.list(APIService, named)).items.length === 0) return
  for await (const { type } of client.watch(APIService, named)) if (type === "DELETED") return
}

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  api.fetch(new Request(`https://api${path}`, init))
const json = async (path: string, accept = "application/json"): Promise<Record<string, never>> =>
  (await ask(path, { headers: { accept } })).json() as Promise<Record<string, never>>
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
const as = (user: object, path: string, init: RequestInit = {}): Promise<Response> =>
  api.server.handle(new Request(`https://api${path}`, init), user as never, { address: "192.0.2.7" })

describe("a group of which another server answers", () => {
  it("is asked there, in the name of who asks", async () => {
    const response = await as(
      { name: "Jörg", uid: "u1", groups: ["system:masters", "a, b"], extra: { "example.com/Ünit": ["x", "y"] } },
      `${flunders}/red?pretty=true`,
      {
        headers: {
          authorization: "Bearer mine",
          "x-remote-user": "admin",
          "x-remote-group": "all",
          "x-forwarded-for": "1.2.3.4",
        },
      },
    )
    expect(await response.json()).toMatchObject({ kind: "Flunder", metadata: { name: "red" } })
    const { headers, url } = wardle.seen.at(-1) ?? { headers: {} }
    expect(url).toBe(`${flunders}/red?pretty=true`)
    expect(headers).toMatchObject({
      host: "wardle.shop.svc:443",
      "x-remote-user": Buffer.from("Jörg").toString("latin1"),
      "x-remote-uid": "u1",
      "x-remote-group": "system:masters, a, b",
      "x-remote-extra-example.com%2f%c3%9cnit": "x, y",
      "x-forwarded-for": "1.2.3.4, 192.0.2.7",
    })
    expect(headers.authorization).toBeUndefined()
  })

  it("is asked only for what the policy of this server allows", async () => {
    const response = await as({ name: "jo", groups: ["system:authenticated"] }, flunders)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      message: `flunders.${group} is forbidden: User "jo" cannot list resource "flunders" in API group "${group}" in the namespace "shop"`,
    })
  })

  it("takes bodies and gives answers as they are", async () => {
    const body = JSON.stringify({ kind: "Flunder", note: "x".repeat(100_000) })
    const headers = { "content-type": "application/json", accept: "application/vnd.kubernetes.protobuf" }
    const response = await ask(flunders, { method: "POST", body, headers })
    expect(response.status).toBe(201)
    expect(await response.text()).toBe(body)
    expect(response.headers.get("content-type")).toBe("application/json")
  })

  it("is sent a body with the length that it has, whatever the method, and no length without a body", async () => {
    const path = `${flunders}/none`
    const smuggled = `GET ${flunders}/stolen HTTP/1.1\r\nhost: wardle\r\nx-remote-user: root\r\n\r\n`
    await ask(path, { method: "DELETE", body: smuggled })
    expect(wardle.seen.at(-1)).toMatchObject({ method: "DELETE", body: smuggled })
    const length = String(smuggled.length)
    for (const head of [`content-length: ${length}`, "transfer-encoding: chunked"]) {
      for (const method of ["GET", "DELETE", "POST"]) {
        const socket = await connected()
        const body = head.startsWith("content")
          ? smuggled
          : `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
        socket.end(`${method} ${path} HTTP/1.1\r\nhost: api\r\nconnection: close\r\n${head}\r\n\r\n${body}`)
        for await (const _ of socket);
        expect((await ask(`${flunders}/red`)).status).toBe(200)
      }
    }
    expect(
      wardle.seen.filter(({ url, headers }) => url.includes("stolen") || headers["x-remote-user"] === "root"),
    ).toEqual([])
  })

  it("is watched event by event, and its server hears when the watcher leaves", async () => {
    const response = await ask(`${flunders}?watch=true`)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (const type of ["ADDED", "MODIFIED"]) {
      wardle.tell({ type })
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(`{"type":"${type}"}\n`)
    }
    await reader.cancel()
    await wardle.quiet()
  })

  it("is spoken with while both sides still send: nothing waits for the end of a body", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const init = { method: "POST", body: readable, duplex: "half" } as RequestInit
    const asked = ask(`${flunders}/echo`, init)
    await writer.write(Buffer.from("one"))
    const reader = ((await asked).body as ReadableStream<Uint8Array>).getReader()
    const read = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
    expect(await read()).toBe("one")
    await writer.write(Buffer.from("two"))
    expect(await read()).toBe("two")
    await writer.close()
    expect((await reader.read()).done).toBe(true)
  })

  it("may not send its clients elsewhere", async () => {
    const response = await ask(`${flunders}/elsewhere`)
    expect([response.status, await response.text()]).toEqual([
      502,
      "the backend attempted to redirect this request, which is not permitted\n",
    ])
  })

  it("that breaks off its answer breaks off ours", async () => {
    const response = await ask(`${flunders}/broken`)
    await expect(response.text()).rejects.toThrow()
  })
})

describe("the state of an APIService", () => {
  it("leaves alone what others say there", async () => {
    const found = await client.get(APIService, { name })
    const theirs = { type: "StatusUpdated", status: "True" as const, reason: "Test", message: "" }
    const conditions = [...(found.status?.conditions ?? []), theirs]
    await client.updateStatus(APIService, { ...found, status: { conditions } })
    wardle.status = 500
    await client.patch(APIService, { name }, { type: "merge", body: { spec: { versionPriority: 17 } } })
    await condition("False", "FailedDiscoveryCheck")
    wardle.status = 0
    await condition("True", "Passed")
    const { status } = await client.get(APIService, { name })
    expect(status?.conditions?.map(({ type }) => type)).toEqual(["Available", "StatusUpdated"])
  })
})

describe("discovery", () => {
  it("names the group in the order of its priority", async () => {
    const { groups } = (await json("/apis")) as unknown as { groups: { name: string; versions: object[] }[] }
    const names = groups.map((each) => each.name)
    expect(names[0]).toBe("apiregistration.k8s.io")
    expect(names.indexOf(group)).toBeGreaterThan(names.indexOf("discovery.k8s.io"))
    expect(groups.find((each) => each.name === group)?.versions).toEqual([
      { groupVersion: `${group}/${version}`, version },
    ])
  })

  it("passes the list of resources on, and shows it in the aggregated form", async () => {
    expect(await json(root)).toMatchObject({ kind: "APIResourceList", groupVersion: `${group}/${version}` })
    const { items } = (await json("/apis", aggregated)) as unknown as { items: { metadata: { name: string } }[] }
    expect(items.find(({ metadata }) => metadata.name === group)).toMatchObject({
      versions: [
        {
          version,
          freshness: "Current",
          resources: [
            {
              resource: "flunders",
              responseKind: { group, version, kind: "Flunder" },
              scope: "Namespaced",
              singularResource: "flunder",
              shortNames: ["fl"],
              subresources: [{ subresource: "status", verbs: ["get", "patch", "update"] }],
            },
          ],
        },
      ],
    })
  })

  it("shows what the server says of its schemas among the rest", async () => {
    const { paths } = (await json("/openapi/v3")) as unknown as { paths: Record<string, { serverRelativeURL: string }> }
    const at = paths[root.slice(1)]?.serverRelativeURL ?? ""
    expect(at).toBe(`/openapi/v3${root}?hash=ABC`)
    const flunder = { "com.example.wardle.v1alpha1.Flunder": { description: "A flunder." } }
    expect(await json(at)).toMatchObject({ components: { schemas: flunder } })
    const swagger = (await json("/openapi/v2")) as unknown as { paths: object; definitions: object }
    expect(swagger.definitions).toMatchObject({ ...flunder, "io.k8s.api.core.v1.Pod": {} })
    expect(Object.keys(swagger.paths)).toContain(`${root}/namespaces/{namespace}/flunders/{name}`)
    expect(Object.keys(swagger.paths)).not.toContain("/apis/")
  })

  it("has an APIService for every version that this server answers for itself", async () => {
    await condition("True", "Local", "v1.apps")
    const { items } = await client.list(APIService)
    const core = items.find(({ metadata }) => metadata.name === "v1.")
    expect(core).toMatchObject({
      metadata: { labels: { "kube-aggregator.kubernetes.io/automanaged": "onstart" } },
      spec: { version: "v1", groupPriorityMinimum: 18_000, versionPriority: 1 },
      status: { conditions: [{ type: "Available", status: "True", reason: "Local" }] },
    })
    expect(items.some(({ metadata }) => metadata.name === "v1.apiregistration.k8s.io")).toBe(false)
  })
})

describe("a version that this server answers for itself", () => {
  const crd = {
    metadata: { name: "things.example.org" },
    spec: {
      group: "example.org",
      names: { plural: "things", kind: "Thing" },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  }

  it("is registered as soon as a definition brings it, and until it takes it away", async () => {
    await client.create(CustomResourceDefinition, crd as never)
    await condition("True", "Local", "v1.example.org")
    expect((await client.get(APIService, { name: "v1.example.org" })).spec).toMatchObject({
      groupPriorityMinimum: 1_000,
      versionPriority: 100,
    })
    await client.delete(CustomResourceDefinition, { name: "things.example.org" })
    await gone("v1.example.org")
  })

  it("of metrics is another's as soon as that registers, and ours again when it goes", async () => {
    const metrics = { name: "v1beta1.metrics.k8s.io" }
    const nodes = "/apis/metrics.k8s.io/v1beta1/nodes"
    await condition("True", "Local", metrics.name)
    expect(await json(nodes)).toMatchObject({ kind: "NodeMetricsList", items: [] })
    const { apiService } = registration(api, wardle)
    const { caBundle, service } = apiService.spec as Record<string, object>
    await client.patch(APIService, metrics, { type: "merge", body: { spec: { caBundle, service } } })
    await condition("True", "Passed", metrics.name)
    const { headers } = await ask(nodes)
    expect([wardle.seen.at(-1)?.url, headers.get("content-type")]).toEqual([nodes, "application/json"])
    await client.delete(APIService, metrics)
    await condition("True", "Local", metrics.name)
    expect(await json(nodes)).toMatchObject({ kind: "NodeMetricsList" })
  })
})

/** A connection of the administrator's. */
async function connected(): Promise<TLSSocket> {
  const { certificatePem: cert, privateKeyPem: key } = api.pki.admin
  const port = Number(new URL(api.url).port)
  const socket = connect({ host: "127.0.0.1", port, cert, key, ca: api.pki.authorityPem, ALPNProtocols: ["http/1.1"] })
  await once(socket, "secureConnect")
  return socket
}

describe("another protocol", () => {
  async function open(path: string): Promise<TLSSocket> {
    const socket = await connected()
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: api\r\nconnection: Upgrade\r\nupgrade: echo\r\nx-remote-user: root\r\n\r\n`,
    )
    return socket
  }
  async function until(socket: TLSSocket, end: string): Promise<string> {
    let text = ""
    while (!text.includes(end)) text += String((await once(socket, "data"))[0])
    return text
  }

  it("is spoken through to the server", async () => {
    const socket = await open(`${flunders}/red/talk`)
    const head = await until(socket, "hello kubernetes-admin\n")
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    socket.write("ping\n")
    expect(await until(socket, "\n")).toBe("ping\n")
    socket.destroy()
  })

  it("is asked for by the path that was judged, however it is written", async () => {
    const socket = await open(`//elsewhere${root}/namespaces/x/../shop/flunders/red/talk?a=b`)
    await until(socket, "hello kubernetes-admin\n")
    expect(wardle.upgraded.at(-1)).toBe(`${flunders}/red/talk?a=b`)
    socket.destroy()
  })

  it("that the server refuses leaves no way to it open", async () => {
    const socket = await open(`${flunders}/refused`)
    socket.write(
      `GET ${flunders} HTTP/1.1\r\nhost: api\r\nx-remote-user: root\r\nx-remote-group: system:masters\r\n\r\n`,
    )
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    expect(text).toMatch(/^HTTP\/1\.1 403 /)
    expect(text).toMatch(/no$/)
    expect(wardle.seen.some(({ headers }) => headers["x-remote-user"] === "root")).toBe(false)
  })
})
