import { SimulatedClock } from "@wick/sdk/clock"
import { beforeEach, describe, expect, it } from "vitest"
import { createTokenAuthority, generateTokenKey, type TokenAuthority, type TokenRequest } from "#pki"
import { createMemoryStorage, type Storage } from "#store"
import type { PeerCertificate } from "../listen/peer.ts"
import { type Authenticate, createAuthenticate } from "./authenticate.ts"
import { impersonated } from "./impersonation.ts"
import { createTokenAuthenticator } from "./token-authenticator.ts"
import type { UserInfo } from "./user.ts"

const key = generateTokenKey()
let clock: SimulatedClock
let storage: Storage
let tokens: TokenAuthority
let authenticate: Authenticate

beforeEach(async () => {
  clock = new SimulatedClock()
  storage = createMemoryStorage({ clock })
  tokens = createTokenAuthority("https://kubernetes.default.svc", [key])
  authenticate = createAuthenticate(createTokenAuthenticator({ tokens, storage, now: () => clock.now() }))
  await put("/registry/core/serviceaccounts/default/app", "sa-1")
  await put("/registry/core/pods/default/app-1", "pod-1")
})

async function put(path: string, uid: string): Promise<void> {
  const value = Buffer.from(JSON.stringify({ metadata: { uid } }))
  await storage.txn({ compare: [], success: [{ kind: "put", key: path, value }], failure: [] })
}

async function remove(path: string): Promise<void> {
  await storage.txn({ compare: [], success: [{ kind: "delete", key: path }], failure: [] })
}

const bound: TokenRequest = {
  subject: {
    namespace: "default",
    serviceAccount: { name: "app", uid: "sa-1" },
    pod: { name: "app-1", uid: "pod-1" },
  },
  audiences: [],
  lifetimeSeconds: 600,
}

interface Asking {
  path?: string
  token?: string
  certificate?: PeerCertificate
}

function ask({ path = "/api", token, certificate = { kind: "none" } }: Asking): Promise<UserInfo> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return authenticate(new Request(`https://wick${path}`, { headers }), { address: "", certificate })
}

const unauthorized = { reason: "Unauthorized", message: "Unauthorized", code: 401 }

describe("authentication", () => {
  it("reads a client certificate's name as the user and its organizations as groups", async () => {
    const certificate: PeerCertificate = { kind: "verified", commonName: "jo", organizations: ["dev"] }
    expect(await ask({ certificate })).toEqual({ name: "jo", groups: ["dev", "system:authenticated"] })
  })

  it("knows a service account by its token, with all that the token is bound to", async () => {
    const { token } = await tokens.sign(bound, clock.now())
    expect(await ask({ token })).toMatchObject({
      name: "system:serviceaccount:default:app",
      uid: "sa-1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
      extra: { "authentication.kubernetes.io/pod-name": ["app-1"], "authentication.kubernetes.io/pod-uid": ["pod-1"] },
    })
  })

  it.each(["/healthz", "/livez", "/readyz/etcd", "/version"])("lets anybody ask for %s", async (path) => {
    expect(await ask({ path })).toEqual({ name: "system:anonymous", groups: ["system:unauthenticated"] })
  })

  it.each<Asking & { name: string }>([
    { name: "who says nothing of themselves", path: "/api/v1/pods" },
    { name: "a path that only begins like a public one", path: "/versions" },
    { name: "a certificate of another authority", certificate: { kind: "refused", because: "UNABLE_TO_VERIFY" } },
    { name: "such a certificate on a public path", path: "/version", certificate: { kind: "refused", because: "X" } },
    { name: "a token that is none", token: "abc" },
    { name: "a bad token on a public path", path: "/healthz", token: "abc" },
  ])("refuses $name, and does not say why", async (asking) => {
    await expect(ask(asking)).rejects.toMatchObject(unauthorized)
  })

  it("refuses a token that has expired, though it was good a moment ago", async () => {
    const { token } = await tokens.sign(bound, clock.now())
    await ask({ token })
    await clock.advance(600_000)
    await expect(ask({ token })).rejects.toMatchObject(unauthorized)
  })

  it.each([
    { name: "its service account", path: "/registry/core/serviceaccounts/default/app", uid: "sa-1" },
    { name: "its pod", path: "/registry/core/pods/default/app-1", uid: "pod-1" },
  ])(
    "refuses a token from the moment on when $name is deleted, also if another of that name comes",
    async ({ path, uid }) => {
      const { token } = await tokens.sign(bound, clock.now())
      await ask({ token })
      await remove(path)
      await expect(ask({ token })).rejects.toMatchObject(unauthorized)
      await put(path, "another")
      await expect(ask({ token })).rejects.toMatchObject(unauthorized)
      await put(path, "another still")
      await remove(path)
      await put(path, uid)
      expect(await ask({ token })).toMatchObject({ uid: "sa-1" })
    },
  )

  it("refuses a token that is meant for somebody else", async () => {
    const { token } = await tokens.sign({ ...bound, audiences: ["vault"] }, clock.now())
    await expect(ask({ token })).rejects.toMatchObject(unauthorized)
  })
})

describe("impersonation", () => {
  const admin: UserInfo = { name: "root", groups: ["system:masters"] }
  const always = () => ({ allowed: true, reason: "" })

  it("leaves a request without such headers alone", () => {
    expect(impersonated(admin, new Headers(), always)).toBe(admin)
  })

  it("goes on as the user that is asked for, in that user's groups only", () => {
    const headers = new Headers({ "impersonate-user": "jo", "impersonate-group": "dev, ops" })
    expect(impersonated(admin, headers, always)).toEqual({ name: "jo", groups: ["dev", "ops", "system:authenticated"] })
  })

  it("gives a service account its own groups", () => {
    const headers = new Headers({ "impersonate-user": "system:serviceaccount:a:robot" })
    expect(impersonated(admin, headers, always).groups).toEqual([
      "system:serviceaccounts",
      "system:serviceaccounts:a",
      "system:authenticated",
    ])
  })

  it("asks for the right to each part, and says which is lacking", () => {
    const headers = new Headers({ "impersonate-user": "jo", "impersonate-group": "system:masters" })
    const onlyUsers = (_: UserInfo, { resource }: { resource: string }) => ({
      allowed: resource === "users",
      reason: "",
    })
    expect(() => impersonated({ name: "eve", groups: [] }, headers, onlyUsers)).toThrow(
      'groups "system:masters" is forbidden: User "eve" cannot impersonate resource "groups" in API group "" at the cluster scope',
    )
  })

  it("refuses groups without a user", () => {
    expect(() => impersonated(admin, new Headers({ "impersonate-group": "dev" }), always)).toThrow(
      "without impersonating a user",
    )
  })
})
