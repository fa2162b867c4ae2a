import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock } from "@wick/sdk/clock"
import { beforeEach, describe, expect, it } from "vitest"
import { createTokenAuthority, generateTokenKey } from "#pki"
import { createMemoryStorage, type Storage } from "#store"
import { createTokenAuthenticator } from "../authentication/token-authenticator.ts"
import type { UserInfo } from "../authentication/user.ts"
import { createAuthorizer } from "../authorization/authorizer.ts"
import type { VirtualRequest } from "../virtual-resource.ts"
import { createReviews } from "./index.ts"

const key = generateTokenKey()
const jo: UserInfo = { name: "jo", groups: ["system:authenticated"] }
let clock: SimulatedClock
let storage: Storage

beforeEach(async () => {
  clock = new SimulatedClock()
  storage = createMemoryStorage({ clock })
  const rules = [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }]
  await put("rbac.authorization.k8s.io/clusterroles/lister", { metadata: { name: "lister" }, rules })
  await put("rbac.authorization.k8s.io/clusterrolebindings/listers", {
    metadata: { name: "listers" },
    subjects: [{ kind: "User", name: "jo" }],
    roleRef: { kind: "ClusterRole", name: "lister" },
  })
  await put("core/serviceaccounts/shop/app", { metadata: { name: "app", namespace: "shop", uid: "sa-1" } })
  await put("core/pods/shop/app-1", {
    metadata: { name: "app-1", namespace: "shop", uid: "pod-1" },
    spec: { serviceAccountName: "app", nodeName: "one" },
  })
})

async function put(path: string, object: unknown): Promise<void> {
  const value = Buffer.from(JSON.stringify(object))
  await storage.txn({ compare: [], success: [{ kind: "put", key: `/registry/${path}`, value }], failure: [] })
}

async function ask(resource: string, spec: object, request: Partial<VirtualRequest> = {}): Promise<AnyObject> {
  const tokens = createTokenAuthority("https://kubernetes.default.svc", [key])
  const tokenAuthenticator = createTokenAuthenticator({ tokens, storage, now: () => clock.now() })
  const authorizer = createAuthorizer({ storage, clock })
  await authorizer.ready
  const reviews = createReviews({ authorizer, tokenAuthenticator, tokens, storage, clock })
  const review = reviews.find((each) => [each.resource, each.subresource].filter(Boolean).join("/") === resource)
  const object = { apiVersion: "x", kind: review?.kind ?? "", metadata: {}, spec }
  const answer = await review?.create({ user: jo, namespace: "", name: "", object, ...request })
  authorizer.close()
  return answer as AnyObject
}

describe("access reviews", () => {
  const listPods = { resourceAttributes: { verb: "list", resource: "pods", namespace: "shop" } }

  it("say whether one may, and through which binding", async () => {
    expect((await ask("selfsubjectaccessreviews", listPods)).status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "listers" of ClusterRole "lister" to User "jo"',
    })
    const deletePods = { resourceAttributes: { verb: "delete", resource: "pods" } }
    expect((await ask("selfsubjectaccessreviews", deletePods)).status).toEqual({ allowed: false })
    const path = { nonResourceAttributes: { verb: "get", path: "/metrics" } }
    expect((await ask("selfsubjectaccessreviews", path)).status).toEqual({ allowed: false })
  })

  it("say it of others", async () => {
    expect((await ask("subjectaccessreviews", { ...listPods, user: "ann" })).status).toEqual({ allowed: false })
    expect((await ask("subjectaccessreviews", { ...listPods, user: "jo" })).status).toMatchObject({ allowed: true })
    const other = ask("localsubjectaccessreviews", { ...listPods, user: "jo" }, { namespace: "other" })
    await expect(other).rejects.toMatchObject({ reason: "Invalid" })
  })

  it("want one question, not none and not two", async () => {
    await expect(ask("selfsubjectaccessreviews", {})).rejects.toThrow(
      "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    )
  })

  it("list all that one may do in a namespace", async () => {
    const { status } = await ask("selfsubjectrulesreviews", { namespace: "shop" })
    expect(status).toEqual({
      resourceRules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }],
      nonResourceRules: [],
      incomplete: false,
    })
  })
})

describe("identity reviews", () => {
  it("tell one who one is", async () => {
    const { status } = await ask("selfsubjectreviews", {})
    expect(status).toEqual({ userInfo: { username: "jo", groups: ["system:authenticated"] } })
  })

  it("tell whose a token is, and never send it back", async () => {
    const { status } = await ask(
      "serviceaccounts/token",
      { expirationSeconds: 600 },
      { namespace: "shop", name: "app" },
    )
    const { token } = status as { token: string }
    const review = await ask("tokenreviews", { token })
    expect(review.status).toMatchObject({ authenticated: true, user: { username: "system:serviceaccount:shop:app" } })
    expect(JSON.stringify(review)).not.toContain(token)
    expect((await ask("tokenreviews", { token: "x" })).status).toMatchObject({ authenticated: false })
  })
})

describe("token requests", () => {
  const app = { namespace: "shop", name: "app" }
  const toPod = { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "app-1", uid: "pod-1" } }

  it("give a token with its end, for the audience asked for", async () => {
    const answer = await ask("serviceaccounts/token", { audiences: ["vault"], expirationSeconds: 3600 }, app)
    expect(answer).toMatchObject({
      metadata: { name: "app", namespace: "shop" },
      spec: { audiences: ["vault"], expirationSeconds: 3600 },
      status: { expirationTimestamp: "2026-01-01T01:00:00Z" },
    })
    const { token } = answer.status as { token: string }
    expect((await ask("tokenreviews", { token, audiences: ["vault"] })).status).toMatchObject({ audiences: ["vault"] })
    expect((await ask("tokenreviews", { token })).status).toMatchObject({ authenticated: false })
  })

  it("bind it to a pod that runs as the account", async () => {
    const { status } = await ask("serviceaccounts/token", toPod, app)
    const { token } = status as { token: string }
    const extra = (await ask("tokenreviews", { token })).status as { user: { extra: object } }
    expect(extra.user.extra).toMatchObject({
      "authentication.kubernetes.io/pod-name": ["app-1"],
      "authentication.kubernetes.io/node-name": ["one"],
    })
  })

  it.each([
    { name: "an account that is not there", spec: {}, request: { ...app, name: "none" }, reason: "NotFound" },
    {
      name: "a pod that is another by now",
      spec: { boundObjectRef: { kind: "Pod", name: "app-1", uid: "old" } },
      request: app,
      reason: "Conflict",
    },
    { name: "less than ten minutes", spec: { expirationSeconds: 60 }, request: app, reason: "Invalid" },
    {
      name: "something that tokens cannot be bound to",
      spec: { boundObjectRef: { kind: "Service", name: "x" } },
      request: app,
      reason: "BadRequest",
    },
  ])("refuse $name", async ({ spec, request, reason }) => {
    await expect(ask("serviceaccounts/token", spec, request)).rejects.toMatchObject({ reason })
  })

  it("give a node tokens of its own pods only", async () => {
    const node = (name: string): UserInfo => ({ name: `system:node:${name}`, groups: ["system:nodes"] })
    await ask("serviceaccounts/token", toPod, { ...app, user: node("one") })
    const forbidden = { reason: "Forbidden" }
    await expect(ask("serviceaccounts/token", toPod, { ...app, user: node("two") })).rejects.toMatchObject(forbidden)
    await expect(ask("serviceaccounts/token", {}, { ...app, user: node("one") })).rejects.toMatchObject(forbidden)
  })
})
