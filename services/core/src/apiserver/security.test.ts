import type { AnyObject } from "@wick/sdk/api/kind"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { PeerCertificate } from "./listen/index.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await send(admin, "POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => api[Symbol.asyncDispose]())

type Who = { certificate: PeerCertificate } | { token: string }
const client = (commonName: string, ...organizations: string[]): Who => ({
  certificate: { kind: "verified", commonName, organizations },
})
const admin = client("kubernetes-admin", "system:masters")
const nobody: Who = { certificate: { kind: "none" } }

async function send(
  who: Who,
  method: string,
  path: string,
  body?: object,
): Promise<{ code: number; object: AnyObject & { message?: string } }> {
  const headers = new Headers({ "content-type": "application/json" })
  if ("token" in who) headers.set("authorization", `Bearer ${who.token}`)
  const certificate: PeerCertificate = "token" in who ? { kind: "none" } : who.certificate
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
  const response = await api.guard.fetch(new Request(`https://wick${path}`, init), { address: "", certificate })
  const text = await response.text()
  return { code: response.status, object: text.startsWith("{") ? JSON.parse(text) : { message: text } }
}

const rbac = "/apis/rbac.authorization.k8s.io/v1"
const bind = (user: string, role: string): Promise<unknown> =>
  send(admin, "POST", `${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: `${user}-${role}` },
    subjects: [{ kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" }],
    roleRef: { kind: "ClusterRole", name: role, apiGroup: "rbac.authorization.k8s.io" },
  })

describe("the API behind its door", () => {
  it("tells nobody anything but that it is there", async () => {
    expect(await send(nobody, "GET", "/healthz")).toMatchObject({ code: 200 })
    expect(await send(nobody, "GET", "/version")).toMatchObject({ code: 200 })
    expect(await send(nobody, "GET", "/api/v1/pods")).toMatchObject({
      code: 401,
      object: { kind: "Status", reason: "Unauthorized", message: "Unauthorized", code: 401 },
    })
    expect(await send(nobody, "GET", "/apis")).toMatchObject({ code: 401 })
  })

  it("lets a stranger with a good certificate discover it, and no more", async () => {
    expect(await send(client("jo"), "GET", "/apis")).toMatchObject({ code: 200 })
    expect(await send(client("jo"), "GET", "/api/v1/namespaces/default/pods")).toMatchObject({
      code: 403,
      object: {
        reason: "Forbidden",
        message: 'pods is forbidden: User "jo" cannot list resource "pods" in API group "" in the namespace "default"',
        details: { kind: "pods" },
      },
    })
    expect(await send(client("jo"), "GET", "/metrics")).toMatchObject({
      code: 403,
      object: { message: 'forbidden: User "jo" cannot get path "/metrics"' },
    })
  })

  it("gives rights the moment that they are bound, and takes them the moment that they are not", async () => {
    await bind("ann", "view")
    expect(await send(client("ann"), "GET", "/api/v1/namespaces/default/pods")).toMatchObject({ code: 200 })
    expect(await send(client("ann"), "GET", "/api/v1/namespaces/default/secrets")).toMatchObject({ code: 403 })
    await send(admin, "DELETE", `${rbac}/namespaces/default/rolebindings/ann-view`)
    expect(await send(client("ann"), "GET", "/api/v1/namespaces/default/pods")).toMatchObject({ code: 403 })
  })

  it("lets nobody hand on what they do not have", async () => {
    await bind("max", "admin")
    const role = (resource: string): object => ({
      metadata: { name: `read-${resource}` },
      rules: [{ verbs: ["get"], apiGroups: [""], resources: [resource] }],
    })
    const path = `${rbac}/namespaces/default/roles`
    expect(await send(client("max"), "POST", path, role("secrets"))).toMatchObject({ code: 201 })
    const refused = await send(client("max"), "POST", path, role("nodes"))
    expect(refused.code).toBe(403)
    expect(refused.object.message).toContain('{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}')
  })

  it("knows a service account by its token until the account is gone", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts"
    await send(admin, "POST", accounts, { metadata: { name: "robot" } })
    const made = await send(admin, "POST", `${accounts}/robot/token`, { spec: { expirationSeconds: 600 } })
    expect(made.code).toBe(201)
    const who = { token: (made.object.status as { token: string }).token }
    const review = await send(who, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    expect(review.object.status).toMatchObject({ userInfo: { username: "system:serviceaccount:default:robot" } })
    await send(admin, "DELETE", `${accounts}/robot`)
    expect(await send(who, "GET", "/apis")).toMatchObject({ code: 401 })
  })

  it("keeps the namespaces that the cluster needs, and writes into none that is not there", async () => {
    expect(await send(admin, "DELETE", "/api/v1/namespaces/kube-system")).toMatchObject({
      code: 403,
      object: { message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted' },
    })
    expect(
      await send(admin, "POST", "/api/v1/namespaces/nowhere/configmaps", { metadata: { name: "x" } }),
    ).toMatchObject({
      code: 404,
      object: { message: 'namespaces "nowhere" not found' },
    })
  })

  it("gives a pod its account and token", async () => {
    const spec = { containers: [{ name: "web", image: "x" }] }
    const { object } = await send(admin, "POST", "/api/v1/namespaces/default/pods", { metadata: { name: "web" }, spec })
    expect(object.spec).toMatchObject({
      serviceAccountName: "default",
      volumes: [
        { projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }, {}, {}] } },
      ],
    })
  })

  it("begins with its namespaces, roles and its own Service, however often it starts", async () => {
    const { object } = await send(admin, "GET", "/api/v1/namespaces/default/services/kubernetes")
    expect(object.spec).toMatchObject({ clusterIP: "10.235.0.1" })
    // A list's version is the store's: not one write was made.
    const version = async (): Promise<unknown> =>
      (await send(admin, "GET", "/api/v1/namespaces")).object.metadata.resourceVersion
    const before = await version()
    await api.bootstrap()
    expect(await version()).toBe(before)
  })
})
