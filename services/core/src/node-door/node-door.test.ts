import { request } from "node:https"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { ClusterRole } from "@wick/sdk/api/rbac/cluster-role"
import { ClusterRoleBinding } from "@wick/sdk/api/rbac/cluster-role-binding"
import { type Client, createClient } from "@wick/sdk/client"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { identities } from "#apiserver"
import { type SecureTestApi, startSecureTestApi } from "../apiserver/testing/start-secure.ts"
import { nodeAction } from "./caller.ts"
import { type NodeDoor, openNodeDoor } from "./index.ts"

const undo = new AsyncDisposableStack()
let api: SecureTestApi
let client: Client
let door: NodeDoor

beforeAll(async () => {
  api = undo.use(await startSecureTestApi())
  client = createClient({ fetch: api.fetch })
  const asNode = createClient({ fetch: api.server.fetchAs(identities.node("one")) })
  const { pki } = api
  door = undo.use(await openNodeDoor({ host: "127.0.0.1", nodeName: "one", pki, client: asNode, log: silentLog }))
  await client.create(ServiceAccount, { metadata: { name: "scraper", namespace: "default" } })
})
afterAll(() => undo.disposeAsync())

const open = (): void =>
  door.open({
    fetch: async ({ url }) => new Response(`figures of ${new URL(url).pathname}`),
    upgrade: (_, socket) => void socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  })

async function ask(path: string, options: object = {}): Promise<[status: number, text: string]> {
  return new Promise((resolve, reject) => {
    const { port } = door
    const sent = request({ host: "127.0.0.1", port, path, ca: api.pki.authorityPem, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => resolve([response.statusCode ?? 0, Buffer.concat(chunks).toString()]))
    })
    sent.on("error", reject).end()
  })
}

async function token(): Promise<{ headers: object }> {
  const path = "/api/v1/namespaces/default/serviceaccounts/scraper/token"
  const headers = { "content-type": "application/json" }
  const response = await client.request(path, { method: "POST", headers, body: JSON.stringify({ spec: {} }) })
  const { status } = (await response.json()) as { status: { token: string } }
  return { headers: { authorization: `Bearer ${status.token}` } }
}

describe("the door of a node", () => {
  const admin = (): object => ({ cert: api.pki.admin.certificatePem, key: api.pki.admin.privateKeyPem })

  it("says that the node is starting until it has", async () => {
    expect((await ask("/metrics/resource", admin()))[0]).toBe(503)
    open()
    expect(await ask("/metrics/resource", admin())).toEqual([200, "figures of /metrics/resource"])
  })

  it("lets nobody in who does not say who they are", async () => {
    expect(await ask("/metrics/resource")).toEqual([401, "Unauthorized"])
    expect((await ask("/metrics/resource", { headers: { authorization: "Bearer e30.e30.c2ln" } }))[0]).toBe(401)
  })

  it("lets an account see what its role says, and nothing else", async () => {
    const asScraper = await token()
    const scraper = "system:serviceaccount:default:scraper"
    expect(await ask("/metrics/resource", asScraper)).toEqual([
      403,
      `Forbidden (user=${scraper}, verb=get, resource=nodes, subresource(s)=[metrics])`,
    ])
    await client.create(ClusterRole, {
      metadata: { name: "scrape" },
      rules: [{ verbs: ["get"], apiGroups: [""], resources: ["nodes/metrics"] }],
    })
    await client.create(ClusterRoleBinding, {
      metadata: { name: "scrape" },
      subjects: [{ kind: "ServiceAccount", name: "scraper", namespace: "default" }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "scrape" },
    })
    expect((await ask("/metrics/resource", asScraper))[0]).toBe(200)
    expect((await ask("/stats/summary", asScraper))[0]).toBe(403)
    expect((await ask("/containerLogs/default/web/main", asScraper))[0]).toBe(403)
    const upgrade = { headers: { ...asScraper.headers, connection: "Upgrade", upgrade: "SPDY/3.1" } }
    expect((await ask("/exec/default/web/main", upgrade))[0]).toBe(403)
  })
})

describe("what a request to a node needs", () => {
  it.each([
    ["GET", "/metrics/resource", "get metrics"],
    ["GET", "/stats/summary", "get stats"],
    ["GET", "/logs/", "get log"],
    ["GET", "/containerLogs/a/b/c", "get proxy"],
    ["POST", "/exec/a/b/c", "create proxy"],
    ["GET", "/metricsfoo", "get proxy"],
  ])("%s %s is the right to %s", (method, path, right) => {
    const { verb, subresource } = nodeAction(method, path)
    expect(`${verb} ${subresource}`).toBe(right)
  })
})
